package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Marshal writes JSON as the service does: members sorted, < > & as they are.
func Marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte(`{}`) // a raw value that is not JSON; callers hold none
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// AsList gives a list; nil for anything else.
func AsList(v any) []any {
	l, _ := v.([]any)
	return l
}

// Lookup follows a local reference such as #/$defs/Point; nil when it leads nowhere.
func Lookup(root map[string]any, ref string) map[string]any {
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

// Base64Of is how blobs stand in JSON.
func Base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
