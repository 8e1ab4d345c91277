package offline

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// marshal writes JSON as the service does: members sorted, < > & as they are.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte(`{}`) // a raw value that is not JSON; callers hold none
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// lookup follows a local reference such as #/$defs/Point; nil when it leads nowhere.
func lookup(root map[string]any, ref string) map[string]any {
	var at any = root
	for _, part := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(ref, "#"), "/"), "/") {
		if part == "" {
			continue
		}
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	m, _ := at.(map[string]any)
	return m
}

// base64Of is how blobs stand in JSON.
func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
