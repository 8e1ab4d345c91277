package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that no print, log or encoding shows. Only Reveal gives it.
type Secret string

const hidden = "[hidden]"

// Reveal gives the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides the secret.
func (Secret) GoString() string { return hidden }

// Format hides the secret under every verb: %d of a string, for one, would print it inside its complaint.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the secret from encoders of JSON, YAML and XML, as a value and as a key.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
