package embed

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestUnpackVector: what was packed is written as Cohere and Nova write it, number by number, and reads back as the
// same float32.
func TestUnpackVector(t *testing.T) {
	for in, out := range map[string]string{
		"-0.08562984": "", "-0.016601562": "", "0.5": "", "0": "", "-1": "", "12": "", "0.0001": "", "0.1": "",
		"7.013533e-05": "", "-4.440546e-06": "", "1e-07": "", "1e+16": "", "3.4028235e+38": "", "1e-45": "",
		"0.01579614169895649": "0.015796142", "1.0": "1", "-5.5908945796545595e-05": "-5.5908946e-05",
		"1E-3": "0.001", "-0.0": "-0",
	} {
		if out == "" {
			out = in
		}
		packed, err := PackVector(nil, jsontext.Value("["+in+",0.5]"))
		if err != nil {
			t.Fatalf("R-EMB-17 %s: %v", in, err)
		}
		if got := string(UnpackVector(nil, packed)); got != "["+out+",0.5]" {
			t.Errorf("R-EMB-17 %s became %s", in, got)
		}
	}
	if packed, err := PackVector(nil, jsontext.Value("[ 0.25 ,\n1]")); err != nil ||
		string(UnpackVector(nil, packed)) != "[0.25,1]" {
		t.Errorf("R-EMB-17 white space: %v", err)
	}
	var packed []byte
	for i := range 100_000 {
		bits := uint32(i) * 42_949 // all over the range
		if f := math.Float32frombits(bits); f == f && !math.IsInf(float64(f), 0) {
			packed = append(packed, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
		}
	}
	text := UnpackVector(nil, packed)
	if !json.Valid(text) {
		t.Fatal("R-EMB-17 not JSON")
	}
	if again, err := PackVector(nil, text); err != nil || string(again) != string(packed) {
		t.Errorf("R-EMB-17 other values come back: %v", err)
	}
}

func TestShare(t *testing.T) {
	for tokens := range int64(40) {
		sizes, sum := []int{3, 1, 4, 1, 5}, int64(0)
		for i := range sizes {
			sum += share(tokens, sizes, i)
		}
		if sum != tokens {
			t.Errorf("R-EMB-08 the parts of %d tokens add up to %d", tokens, sum)
		}
	}
	if n := share(9, []int{5}, 0); n != 9 {
		t.Errorf("R-EMB-08 one item has all tokens, not %d", n)
	}
}
