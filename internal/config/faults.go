package config

import "reflect"

// faulty is a section, or an entry of one, that can judge itself beyond what tags say. Faults gives what is wrong by
// the member that has to change, named below the section ("rules[2].when", "" for the section itself).
type faulty interface{ Faults() map[string]error }

// faults lets every section that can judge itself do so, but for members that something was already said about.
func (l *loader) faults(section setting) {
	for _, s := range members(section.value, section.name) {
		if !s.isSection() {
			continue
		}
		if judge, ok := s.value.Addr().Interface().(faulty); ok {
			l.report(s.name, judge.Faults())
		}
		l.faults(s)
	}
}

// report turns faults of members below a setting into complaints.
func (l *loader) report(below string, faults map[string]error) {
	for member, err := range faults {
		name := below
		if member != "" {
			name = join(below, member)
		}
		if !l.complaints.about(name) {
			l.complain(l.origin(name), name, "%s", err)
		}
	}
}

// root is the setting of which every section is a member.
func (c *Config) root() setting { return setting{value: reflect.ValueOf(c).Elem()} }
