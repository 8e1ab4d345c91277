package config_test

import (
	"strings"
	"testing"
)

func TestSecurityComplaints(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"an action of nobody", "security:\n  pii_redaction:\n    enabled: true\n    action: hide\n",
			"outcrop.yaml:4:13: security.pii_redaction.action: must be one of"},
		{"a kind of nobody", "security:\n  pii_redaction:\n    entities: [SHOE_SIZE]\n",
			`outcrop.yaml:3:15: security.pii_redaction.entities: "SHOE_SIZE" is not a kind`},
		{"a pattern that is none", "security:\n  pii_redaction:\n    enabled: true\n    custom:\n      - {kind: A, " +
			"pattern: '['}\n", "outcrop.yaml:5:9: security.pii_redaction.custom[0]: error parsing regexp"},
		{"a domain that is none", "security:\n  allowed_domains: ['https://a.test/path']\n",
			"outcrop.yaml:2:21: security.allowed_domains[0]: "},
		{"in a profile", "security:\n  profiles:\n    strict:\n      output: {forbidden: ['(']}\n",
			"outcrop.yaml:4:28: security.profiles[strict].output.forbidden[0]: error parsing"},
		{"a check of nobody", "security:\n  managed: {checks: [boredom]}\n",
			"outcrop.yaml:2:22: security.managed.checks[0]: must be one of"},
		{"half a guardrail", "security:\n  managed:\n    guardrail: {identifier: gr1}\n",
			"outcrop.yaml:3:16: security.managed.guardrail: identifier and version go together"},
		{"on_block", "security:\n  on_block: ignore\n", "outcrop.yaml:2:13: security.on_block: must be "},
		{"an unknown key", "security:\n  pii_redactoin: {enabled: true}\n",
			"outcrop.yaml:2:3: security.pii_redactoin: unknown key; did you mean pii_redaction?"},
		{"a profile of nobody", "access:\n  keys:\n    - name: a\n      hash: " +
			"sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\n      profile: gone\n",
			"outcrop.yaml:5:16: access.keys[0].profile: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(tt.text, nil)
			if got := complaints(err); len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSecurityFromTheEnvironment(t *testing.T) {
	cfg, err := load("", []string{"OUTCROP_SECURITY_PII_REDACTION_ENABLED=true",
		"OUTCROP_SECURITY_PII_REDACTION_ACTION=tokenize", "OUTCROP_SECURITY_ALLOWED_DOMAINS=https://a.test,*.b.test"})
	if err != nil {
		t.Fatal(err)
	}
	if s := &cfg.Security; !s.Enabled() || s.Redaction.Action != "tokenize" || len(s.AllowedDomains) != 2 {
		t.Errorf("got %+v", cfg.Security)
	}
}
