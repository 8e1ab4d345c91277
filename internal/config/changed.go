package config

import "reflect"

// Changed names the settings that differ between two configurations.
func Changed(a, b *Config) []string {
	var names []string
	theirs := b.settings()
	for i, s := range a.settings() {
		if !reflect.DeepEqual(s.value.Interface(), theirs[i].value.Interface()) {
			names = append(names, s.name)
		}
	}
	return names
}
