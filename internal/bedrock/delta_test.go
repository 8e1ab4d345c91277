package bedrock

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// FuzzTextDelta holds the quick reader of deltas to the SDK's: what it reads, the SDK reads the same.
func FuzzTextDelta(f *testing.F) {
	for _, payload := range []string{
		`{"contentBlockIndex":0,"delta":{"text":"Hello"},"p":"abcdefg"}`, `{"p":"a","delta":{"text":"ä😀"},"contentBlockIndex":12}`,
		`{"contentBlockIndex":0,"delta":{"text":"a\n\"b\\c\/"}}`, `{"contentBlockIndex":0,"delta":{"text":"\ud83d\ude00"}}`,
		`{"contentBlockIndex":00,"delta":{"text":""}}`, `{"contentBlockIndex":-1,"delta":{"text":""}}`,
		`{"contentBlockIndex":0,"delta":{"text":"a","text":"b"}}`, `{"contentBlockIndex":0,"delta":{"text":"a"},"delta":{}}`,
		`{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{"}}}`, `{"contentBlockIndex":0,"delta":{"text":"` + "\xff\x01" + `"}}`,
		`{"contentBlockIndex":0,"delta":{"text":"a"}} `, `{"contentBlockIndex":0,"delta":{"text":"a"},}`, `{}`, ``, `{"p":"`,
		`{"contentBlockIndex":0,"delta":{"text":"a\`, `{"contentBlockIndex":4294967296,"delta":{"text":"a"}}`,
	} {
		f.Add(frame("contentBlockDelta", payload))
	}
	f.Add(frame("messageStart", `{"role":"assistant"}`))
	f.Add(frame("throttlingException", `{"contentBlockIndex":0,"delta":{"text":"a"}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		b, err := newFrames(nil, bytes.NewReader(frame)).next()
		if err != nil {
			return
		}
		got, ok := textDelta(b)
		if !ok {
			return
		}
		event, err := restjson1.New(nil).DeserializeEventMessage(schemas.ConverseStreamOutput, bedrockruntime.TypeRegistry,
			bytes.NewReader(b))
		if want, ok := event.(*types.ContentBlockDeltaEvent); err != nil || !ok || !reflect.DeepEqual(&got.Value, want) {
			t.Errorf("%q is\n%v\nand for the SDK\n%v, %v", frame, got.Value, event, err)
		}
	})
}

// A broken checksum is never a delta.
func TestADeltaWithABrokenChecksumIsNone(t *testing.T) {
	for i := range frameHello {
		broken := bytes.Clone(frameHello)
		broken[i] ^= 1
		if _, ok := textDelta(broken); ok {
			t.Fatalf("byte %d is not what it was, and the frame a delta", i)
		}
	}
}

// What a delta costs is bounded in allocations, whatever the clock says.
func TestATextDeltaCostsTwoAllocations(t *testing.T) {
	for _, text := range []string{"Hello", strings.Repeat("wörd ", 50), ""} {
		f := frame("contentBlockDelta", `{"contentBlockIndex":3,"delta":{"text":"`+text+`"},"p":"abc"}`)
		got := testing.AllocsPerRun(100, func() {
			if delta, ok := textDelta(f); !ok || *delta.Value.ContentBlockIndex != 3 {
				t.Error("no delta")
			}
		})
		if got > 2 {
			t.Errorf("%v allocations for a delta of %d bytes", got, len(text))
		}
	}
}
