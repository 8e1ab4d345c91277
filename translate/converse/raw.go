package converse

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
)

// rawDocument is a document of the SDK that is written to the wire byte for byte (R-GEN-07). The SDK's own lazy
// document sorts members and rounds numbers, which changes what the model reads and breaks prompt caching.
type rawDocument struct {
	document.Interface // only for the unexported method that marks a document
	json               []byte
}

// raw wraps bytes that are known to be one JSON value.
func raw(json []byte) document.Interface { return &rawDocument{json: json} }

// MarshalSmithyDocument gives the bytes as they are.
func (d *rawDocument) MarshalSmithyDocument() ([]byte, error) { return d.json, nil }

// UnmarshalSmithyDocument decodes the bytes into v.
func (d *rawDocument) UnmarshalSmithyDocument(v any) error { return json.Unmarshal(d.json, v) }
