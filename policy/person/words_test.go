package person

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestListsAreThoseThatTheCodeAsksFor holds that a name of a list is spelled alike in the file and in the code: a list
// that nothing asks for is dead, and one that does not exist is empty.
func TestListsAreThoseThatTheCodeAsksFor(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{"leads 0.75": true, "leads 0.5": true, "leads 0.25": true}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`lists(?:\.Set\(|\[)"([^"]+)"`).FindAllSubmatch(source, -1) {
			asked[string(m[1])] = true
		}
	}
	got, want := slices.Sorted(maps.Keys(lists)), slices.Sorted(maps.Keys(asked))
	if !slices.Equal(got, want) {
		t.Errorf("the lists are %q, the code asks for %q", got, want)
	}
}

// TestLeadsWeighOneThing holds that no word stands in two lists of leads: which of their weights counted would differ
// from one start of the process to the next.
func TestLeadsWeighOneThing(t *testing.T) {
	seen := map[string]string{}
	for name, words := range lists {
		if !strings.HasPrefix(name, "leads ") {
			continue
		}
		for _, w := range words {
			if other, ok := seen[w]; ok {
				t.Errorf("%q stands in %q and in %q", w, other, name)
			}
			seen[w] = name
		}
	}
}
