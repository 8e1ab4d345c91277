package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"outcrop/internal/judge"
	"outcrop/policy"
)

// Security is what may pass, both ways (docs/policy.md). Its own rules are those of keys that name no profile.
type Security struct {
	SecurityRules
	Managed  judge.Config             `yaml:"managed"`
	Profiles map[string]SecurityRules `yaml:"profiles" validate:"dive,keys,required,max=256,endkeys" help:"other rules, for keys that name the profile"`
}

// SecurityRules are the rules of one profile.
type SecurityRules struct {
	policy.Config
	OnBlock      string `yaml:"on_block" validate:"omitempty,oneof=error answer" help:"what a blocked chat request gets: error (400), or an answer with finish_reason content_filter"`
	BlockMessage string `yaml:"block_message" validate:"max=10000" help:"what stands in place of a blocked answer"`
}

// SecurityOf reads the section security of a file, whatever the other sections hold. Its rules are not judged.
func SecurityOf(path string) (Security, error) {
	l := &loader{cfg: Default(), path: path, read: os.ReadFile, origins: map[string]origin{}}
	l.file()
	l.complaints = slices.DeleteFunc(l.complaints, func(c complaint) bool {
		return c.setting != "" && !strings.HasPrefix(c.setting, "security")
	})
	if _, given := l.origins["security"]; !given && len(l.complaints) == 0 {
		return Security{}, fmt.Errorf("%s: there is no section security", path)
	}
	if len(l.complaints) > 0 {
		l.complaints.sort()
		return Security{}, l.complaints
	}
	return l.cfg.Security, nil
}

// Enabled tells whether there is anything to look for.
func (r *SecurityRules) Enabled() bool {
	o := &r.Output
	return r.Redaction.Enabled || r.Redaction.Unscanned == policy.Block || r.Injection.Enabled ||
		len(r.AllowedDomains) > 0 || o.MaxLength > 0 ||
		len(o.Forbidden) > 0 || o.Secrets != "" || len(o.Canaries) > 0 || o.LeakWords > 0
}

// Faults gives what is wrong with the rules.
func (s *Security) Faults() map[string]error {
	faults := s.faults("")
	for name, rules := range s.Profiles {
		for member, err := range rules.faults(entryName("profiles", name) + ".") {
			faults[member] = err
		}
	}
	return faults
}

var (
	policyMember = regexp.MustCompile(`^([a-z_]+(?:\.[a-z_]+)*(?:\[[^\]]*\])?): (.*)$`)
	customRule   = regexp.MustCompile(`^custom\[[0-9]+\]$`)
)

// faults lets the policy judge rules, and finds the member that each line of what it says is about.
func (r *SecurityRules) faults(below string) map[string]error {
	faults := map[string]error{}
	_, err := policy.New(r.Config)
	if err == nil {
		return faults
	}
	for line := range strings.Lines(err.Error()) {
		member, text := "prompt_injection_scan", strings.TrimSpace(line)
		if m := policyMember.FindStringSubmatch(text); m != nil {
			member, text = m[1], m[2]
		}
		if customRule.MatchString(member) {
			member = "pii_redaction." + member
		}
		faults[below+member] = errors.New(text)
	}
	return faults
}

// profiles complains of keys whose profile of the policy is none.
func (l *loader) profiles() {
	for i := range l.cfg.Access.Keys {
		profile := l.cfg.Access.Keys[i].Profile
		if _, known := l.cfg.Security.Profiles[profile]; known || profile == "" {
			continue
		}
		name := fmt.Sprintf("access.keys[%d].profile", i)
		l.complain(l.origin(name), name, "%s is no profile of the section security", quote(profile))
	}
}
