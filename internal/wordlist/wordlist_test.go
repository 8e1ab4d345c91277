package wordlist

import (
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	got := Parse("# a comment\n[one two]\nalpha  beta\n\n# another\ngamma_delta _and_\n[three]\nß* [x]\n")
	want := Lists{"one two": {"alpha", "beta", "gamma delta", " and "}, "three": {"ß*", "[x]"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if set := got.Set("three"); len(set) != 2 || !set["ß*"] {
		t.Errorf("the set is %v", set)
	}
}
