package shape

import "regexp"

// The functions below write shapes in few words. Each returns a new value, so that a table can refine it.

// Structure is an object of known members, of which some must be there.
func Structure(members map[string]*Shape, required ...string) *Shape {
	return &Shape{kind: kStruct, members: members, required: required}
}

// Union is an object of exactly one member.
func Union(members map[string]*Shape) *Shape { return &Shape{kind: kUnion, members: members} }

// List is an array of items.
func List(item *Shape) *Shape       { return &Shape{kind: kList, item: item} }
func mapOf(key, item *Shape) *Shape { return &Shape{kind: kMap, key: key, item: item} }

// Str is a text.
func Str() *Shape { return &Shape{kind: kString} }

// Enum is one of some texts.
func Enum(values ...string) *Shape { return &Shape{kind: kString, enum: values} }

// Blob is bytes in base64, at least one.
func Blob() *Shape { return (&Shape{kind: kBlob}).AtLeast(1) }

// Integer is a whole number.
func Integer() *Shape { return &Shape{kind: kInt} }
func float() *Shape   { return &Shape{kind: kFloat} }

// Boolean is true or false.
func Boolean() *Shape { return &Shape{kind: kBool} }
func anyJSON() *Shape { return &Shape{kind: kDocument} }
func object() *Shape  { return &Shape{kind: kEmpty} }

// AtLeast bounds lengths and numbers from below.
func (s *Shape) AtLeast(n float64) *Shape {
	c := *s
	c.min, c.hasMin = n, true
	return &c
}

// AtMost bounds lengths and numbers from above.
func (s *Shape) AtMost(n float64) *Shape {
	c := *s
	c.max, c.hasMax = n, true
	return &c
}

// Between is AtLeast and AtMost.
func (s *Shape) Between(low, high float64) *Shape { return s.AtLeast(low).AtMost(high) }

// matching wants the whole text to match; shown is the pattern as the service prints it.
func (s *Shape) matching(shown string) *Shape {
	c := *s
	c.shown = shown
	c.pattern = regexp.MustCompile(`^(?:` + shown + `)$`)
	return &c
}

func (s *Shape) sensitive() *Shape {
	c := *s
	c.private = true
	return &c
}
