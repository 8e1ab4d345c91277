package offline

import "regexp"

// The functions below write shapes in few words. Each returns a new value, so that a table can refine it.

func structure(members map[string]*shape, required ...string) *shape {
	return &shape{kind: kStruct, members: members, required: required}
}

func union(members map[string]*shape) *shape { return &shape{kind: kUnion, members: members} }
func list(item *shape) *shape                { return &shape{kind: kList, item: item} }
func mapOf(key, item *shape) *shape          { return &shape{kind: kMap, key: key, item: item} }
func str() *shape                            { return &shape{kind: kString} }
func enum(values ...string) *shape           { return &shape{kind: kString, enum: values} }
func blob() *shape                           { return (&shape{kind: kBlob}).atLeast(1) }
func integer() *shape                        { return &shape{kind: kInt} }
func float() *shape                          { return &shape{kind: kFloat} }
func boolean() *shape                        { return &shape{kind: kBool} }
func anyJSON() *shape                        { return &shape{kind: kDocument} }
func object() *shape                         { return &shape{kind: kEmpty} }

func (s *shape) atLeast(n float64) *shape {
	c := *s
	c.min, c.hasMin = n, true
	return &c
}

func (s *shape) atMost(n float64) *shape {
	c := *s
	c.max, c.hasMax = n, true
	return &c
}

func (s *shape) between(low, high float64) *shape { return s.atLeast(low).atMost(high) }

// matching wants the whole text to match; shown is the pattern as the service prints it.
func (s *shape) matching(shown string) *shape {
	c := *s
	c.shown = shown
	c.pattern = regexp.MustCompile(`^(?:` + shown + `)$`)
	return &c
}

func (s *shape) sensitive() *shape {
	c := *s
	c.private = true
	return &c
}
