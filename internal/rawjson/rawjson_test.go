package rawjson

import (
	"slices"
	"testing"
)

func TestMembers(t *testing.T) {
	var got []string
	Members([]byte(` { "a" : [1, {"b":"}"}] ,"c\u0064":"x\"y", "a":null , "e":{}} `),
		func(name string, value []byte) bool {
			got = append(got, name+"="+string(value))
			return name != "e"
		})
	if want := []string{`a=[1, {"b":"}"}]`, `cd="x\"y"`, "a=null", "e={}"}; !slices.Equal(got, want) {
		t.Errorf("R-GEN-07 got %q", got)
	}
	n := 0
	Members([]byte(`{"a":1,"b":2}`), func(string, []byte) bool { n++; return false })
	if Members([]byte(`[1]`), func(string, []byte) bool { n++; return true }); n != 1 {
		t.Errorf("%d members after the first ended it", n)
	}
}

func TestElements(t *testing.T) {
	var got []string
	Elements([]byte(` [ 1 , "a,]" , [2,3],{"x":[]} ] `), func(value []byte) { got = append(got, string(value)) })
	if want := []string{"1", `"a,]"`, "[2,3]", `{"x":[]}`}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	Elements([]byte(`{}`), func([]byte) { t.Error("an object has no elements") })
}

func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		value string
		empty bool
	}{{"{}", true}, {" { } ", true}, {`{"a":1}`, false}, {"[]", false}, {"", false}} {
		if IsEmptyObject([]byte(tt.value)) != tt.empty {
			t.Errorf("%q", tt.value)
		}
	}
	if !IsObject([]byte(` {"a":1,"a":2} `)) || IsObject([]byte(`{"a":}`)) || IsObject([]byte(`[]`)) || Kind(nil) != 0 ||
		Kind([]byte(" 7")) != '7' {
		t.Error("kinds")
	}
	if s := string(Quote(nil, "a\"\n<")); s != `"a\"\n<"` || Unquote([]byte(s)) != "a\"\n<" ||
		Unquote([]byte(`"\x"`)) != `"\x"` {
		t.Errorf("%s", s)
	}
}
