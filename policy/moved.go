package policy

import "unicode/utf8"

// Moved gives where places of a text, in code points, lie once the values are put back into it. A place inside of a placeholder
// moves to its beginning.
func (v *Vault) Moved(s string, places ...*int) {
	if v.Empty() || len(places) == 0 {
		return
	}
	moved := make([]int, len(places))
	for k, p := range places {
		moved[k] = *p
	}
	point := 0
	for i := 0; i < len(s); {
		_, size := utf8.DecodeRuneInString(s[i:])
		n := 0
		if s[i] == '<' {
			n = placeholderLen(s[i:])
		}
		value, known := v.values[s[i:i+n]]
		if !known {
			i += size
			point++
			continue
		}
		for k, p := range places {
			switch {
			case *p >= point+n:
				moved[k] += utf8.RuneCountInString(value) - n
			case *p > point:
				moved[k] -= *p - point
			}
		}
		i += n
		point += n
	}
	for k, p := range places {
		*p = moved[k]
	}
}
