package config

// retired are settings that are gone, with what stands in their place. For one release they are taken, do nothing, and
// are warned of; then their line here goes too, and they are unknown keys.
var retired = map[string]string{
	"cache.memory.engine": "leave it out: memory keeps what is asked for often",
}

// isRetired tells whether a setting is one that is gone, and warns of it.
func (l *loader) isRetired(at origin, setting string) bool {
	instead, gone := retired[setting]
	if gone {
		l.cfg.Warnings = append(l.cfg.Warnings, complaint{at, setting, "is gone and does nothing; " + instead}.String())
	}
	return gone
}

// warnOfFormer warns of members that a section takes for one release more: its Former gives those that are there, each
// with the condition that says the same.
func (l *loader) warnOfFormer(s setting) {
	section, ok := s.value.Addr().Interface().(interface{ Former() [][2]string })
	if !ok {
		return
	}
	for _, said := range section.Former() {
		name := join(s.name, said[0])
		warning := complaint{l.origins[name], name, "is gone; say it in when: " + said[1]}
		l.cfg.Warnings = append(l.cfg.Warnings, warning.String())
	}
}
