package access

import (
	"errors"
	"strconv"
	"strings"
)

// MicroUSD is an amount of money in millionths of a USD, never a fraction of one.
type MicroUSD int64

const micros = 1_000_000

// UnmarshalText reads an amount in USD such as 12, 12.5 or 0.000001.
func (m *MicroUSD) UnmarshalText(text []byte) error {
	whole, part, _ := strings.Cut(string(text), ".")
	usd, err := strconv.ParseUint(whole, 10, 40)
	if err != nil || len(part) > 6 || strings.Trim(part, "0123456789") != "" || strings.HasSuffix(string(text), ".") {
		return errors.New("must be an amount in USD such as 50 or 12.50, with at most six decimals")
	}
	fraction, _ := strconv.ParseUint((part + "000000")[:6], 10, 40) // six digits are a number
	*m = MicroUSD(usd*micros + fraction)
	return nil
}

// String writes the amount in USD with at least two decimals, and no more than it has.
func (m MicroUSD) String() string { return decimal(int64(m), micros) }

// MarshalText is String.
func (m MicroUSD) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// MarshalJSON writes the number of millionths, as keys are kept in stores.
func (m MicroUSD) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(m), 10), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (m *MicroUSD) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	*m = MicroUSD(n)
	return err
}
