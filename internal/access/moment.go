package access

import (
	"errors"
	"time"
)

// Moment is a time that is written as a date, which begins at midnight UTC, or as in RFC 3339.
type Moment struct{ time.Time }

// UnmarshalText reads a moment.
func (m *Moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return errors.New("must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z")
}
