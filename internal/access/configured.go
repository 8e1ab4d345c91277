package access

import (
	"errors"
	"time"
)

// ConfiguredLimits are Limits in the configuration.
type ConfiguredLimits struct {
	RequestsPerMinute int64 `yaml:"requests_per_minute" validate:"min=0" help:"requests a minute; 0 is no limit"`
	TokensPerMinute   int64 `yaml:"tokens_per_minute" validate:"min=0" help:"tokens a minute; 0 is no limit"`
	Concurrent        int64 `yaml:"concurrent" validate:"min=0" help:"requests under way; 0 is no limit"`
}

// ConfiguredBudget is a Budget in the configuration; an amount of 0 is none.
type ConfiguredBudget struct {
	Amount      MicroUSD `yaml:"amount" help:"USD it may cost in a period"`
	Period      string   `yaml:"period" validate:"omitempty,oneof=day week month total" help:"day, week, month or total; month if left out"`
	SoftPercent int      `yaml:"soft_percent" validate:"min=0,max=100" help:"percent of the amount at which warnings begin; 0 is never"`
}

// ConfiguredRail is a mandatory guardrail in the configuration.
type ConfiguredRail struct {
	Identifier string `yaml:"identifier" validate:"omitempty,word,max=2048" help:"id or ARN of a guardrail that every request gets"`
	Version    string `yaml:"version" validate:"omitempty,guardrail_version" help:"its version: a number or DRAFT"`
}

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

// Budget is the budget that the configuration describes; its period is a month if it has none.
func (c ConfiguredBudget) Budget() Budget {
	b := Budget{AmountMicros: int64(c.Amount), Period: c.Period, SoftPercent: c.SoftPercent}
	if b.Period == "" {
		b.Period = "month"
	}
	return b
}
