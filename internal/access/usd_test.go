package access

import "testing"

func TestMicroUSD(t *testing.T) {
	for text, want := range map[string]struct {
		micros MicroUSD
		shown  string
	}{
		"0": {0, "0.00"}, "12": {12_000_000, "12.00"}, "12.5": {12_500_000, "12.50"}, "0.000001": {1, "0.000001"}, "1.230": {1_230_000, "1.23"}, "1000000": {1e12, "1000000.00"},
	} {
		var m MicroUSD
		if err := m.UnmarshalText([]byte(text)); err != nil || m != want.micros || m.String() != want.shown {
			t.Errorf("%s: %d %s, %v", text, m, m, err)
		}
	}
	for _, bad := range []string{"", ".5", "5.", "-1", "+1", "1e3", "1,5", "0.0000001", "1_000", "$5", "99999999999999999999", "1.2.3"} {
		var m MicroUSD
		if err := m.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is %s", bad, m)
		}
	}
	if got := MicroUSD(-1_500_000).String(); got != "-1.50" {
		t.Error(got)
	}
}
