package policy

import (
	"outcrop/policy/form"
	"outcrop/policy/injection"
	"outcrop/policy/person"
)

// detectors are all detectors of this package, one row each. A row's make returns nil when nothing that it finds is
// wanted.
var detectors = []struct {
	name string
	make func(cfg *Config, wanted func(kind string) bool) (Detector, error)
}{
	{"custom", func(cfg *Config, wanted func(string) bool) (Detector, error) { return newCustom(cfg.Redaction.Custom) }},
	{"patterns", func(cfg *Config, wanted func(string) bool) (Detector, error) {
		return form.New(wanted, cfg.Redaction.Regions), nil
	}},
	{"person", func(_ *Config, wanted func(string) bool) (Detector, error) {
		if !wanted(KindPerson) {
			return nil, nil
		}
		return person.New()
	}},
	{"hidden", func(_ *Config, wanted func(string) bool) (Detector, error) {
		if !wanted(KindHidden) {
			return nil, nil
		}
		return injection.HiddenText{}, nil
	}},
}
