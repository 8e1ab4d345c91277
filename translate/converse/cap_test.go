package converse

import (
	"strings"
	"testing"
)

func TestMendE6CapGoesThroughTheTextOnce(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 5000) + `{"max_tokens":9000}` + strings.Repeat(`]}`, 5000)
	if out, capped := capLimits([]byte(deep), 10); !capped || !strings.Contains(string(out), `{"max_tokens":10}`) ||
		len(out) != len(deep)-2 {
		t.Errorf("%v, %d bytes of %d", capped, len(out), len(deep))
	}
	for _, broken := range []string{"", `"`, `"max_tokens"`, `"max_tokens":`, `{"max_tokens":"`,
		`{"max_tokens" : `, `\"`} {
		if out, _ := capLimits([]byte(broken), 10); !strings.HasPrefix(string(out), strings.TrimRight(broken, `"`)) {
			t.Errorf("%q becomes %q", broken, out)
		}
	}
}
