package chat

import (
	"strconv"

	"outcrop/internal/rawjson"
	"outcrop/translate/converse"
)

var judge = converse.Judge

func isObject(b []byte) bool { return rawjson.IsObject(b) }

type taken map[string]int64

func (t taken) free(name string, numbered func(n int64) string) string {
	unique, n := name, max(t[name], 1)
	for t[unique] > 0 {
		n++
		unique = numbered(n)
	}
	t[name] = n
	t[unique] = max(t[unique], 1)
	return unique
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
