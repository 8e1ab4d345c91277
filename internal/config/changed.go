package config

import "reflect"

// Changed names the settings that differ between two configurations, and those of them that only a start reads.
func Changed(a, b *Config) (names, late []string) {
	theirs := b.settings()
	for i, s := range a.settings() {
		if reflect.DeepEqual(s.value.Interface(), theirs[i].value.Interface()) {
			continue
		}
		names = append(names, s.name)
		if s.late {
			late = append(late, s.name)
		}
	}
	return names, late
}
