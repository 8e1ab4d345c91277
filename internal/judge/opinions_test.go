package judge

import (
	"testing"

	"outcrop/policy"
)

func TestOpinionsAreBounded(t *testing.T) {
	o := newOpinions(2)
	for _, k := range []byte{1, 2, 1, 3, 1} {
		if _, known := o.get([32]byte{k}); !known {
			o.put([32]byte{k}, policy.Opinion{})
		}
	}
	for k, want := range map[byte]bool{1: true, 2: false, 3: true} {
		if _, known := o.get([32]byte{k}); known != want {
			t.Errorf("%d: %v", k, known)
		}
	}
}
