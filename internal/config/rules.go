package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// rule is a constraint of ours on a text.
type rule struct {
	ok   func(string) bool
	says string // "must …"
}

// rules are the validate tags that validator/v10 does not have.
func rules() map[string]rule {
	return map[string]rule{
		"addr": {isAddr, `must be HOST:PORT, such as 127.0.0.1:8080`},
		"arn": {regexp.MustCompile(`^arn:aws[a-z-]*:bedrock:\S+$`).MatchString,
			"the name must be the ARN of a Bedrock model"},
		"guardrail_version": {regexp.MustCompile(`^([0-9]{1,8}|DRAFT)$`).MatchString, "must be a number or DRAFT"},
		"host_name": {isHostPattern, "must be the name of a host, such as gateway.example.com or *.example.com, " +
			"without a port"},
		"label": {regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString,
			"must be a name of at most 64 letters, digits, dots, dashes and underscores"},
		"network": {isNetwork, "must be a network such as 10.1.0.0/16"},
		"origin": {isOrigin, "must be *, null or an origin such as https://app.example.com or " +
			"app://obsidian.md, without a path"},
		"prefix": {regexp.MustCompile(`^(/?|(/[A-Za-z0-9._~-]+)+)$`).MatchString,
			"must be / or a path such as /v1, without a slash at its end"},
		"region": {regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString,
			"must be an AWS region such as us-east-1"},
		"word": {regexp.MustCompile(`^[^\s\p{C}]+$`).MatchString,
			"must be neither empty nor hold spaces or control characters"},
	}
}

// validate checks the settings as they stand after everything was laid over everything.
func (l *loader) validate() {
	canonical(reflect.ValueOf(l.cfg).Elem(), "")
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if f.Anonymous {
			return "~" // its members are members of the section around it
		}
		return f.Tag.Get("yaml")
	})
	ours := rules()
	for tag, r := range ours {
		// The only errors are those of a tag that is empty or reserved, which the tests would show.
		_ = v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return r.ok(f.Field().String()) })
	}
	var failures validator.ValidationErrors
	if errors.As(v.Struct(l.cfg), &failures) {
		for _, f := range failures {
			_, setting, _ := strings.Cut(strings.ReplaceAll(f.Namespace(), ".~.", "."), ".") // "Config.server.addr"
			// An entry of a list that could not be read is empty, and already complained of.
			if _, made := l.origins[setting]; !made && l.complaints.about(setting) {
				continue
			}
			l.complain(l.origin(setting), setting, "%s", explain(f, ours))
		}
	}
	l.attempts()
	l.redis()
	l.store()
	l.faults(l.cfg.root())
	l.catalog()
	l.inputTypes()
	l.guardrail()
	l.profiles()
	l.public()
}

// explain says in words what a constraint wants, and what there is instead unless that is secret.
func explain(f validator.FieldError, ours map[string]rule) string {
	says := ours[f.Tag()].says
	list := f.Kind() == reflect.Slice || f.Kind() == reflect.Map
	switch f.Tag() {
	case "required":
		return "must not be empty"
	case "unique":
		return "names an entry twice"
	case "oneof", "oneofci":
		says = "must be one of " + strings.Join(strings.Fields(f.Param()), ", ")
	case "min", "gte":
		says = "must be at least " + limit(f)
		if list {
			return fmt.Sprintf("needs at least %s entry", f.Param())
		}
	case "max", "lte":
		says = "must be at most " + limit(f)
		if f.Kind() == reflect.String {
			return says + " characters long"
		}
	case "datetime":
		says = "must be a date such as 2027-01-31"
	case "gt":
		says = "must be more than " + limit(f)
	}
	if says == "" {
		says = strings.TrimSuffix(fmt.Sprintf("breaks the rule %s=%s", f.Tag(), f.Param()), "=")
	}
	if _, secret := f.Value().(Secret); secret {
		return says
	}
	if s, text := f.Value().(string); text {
		return says + ", not " + quote(s)
	}
	return fmt.Sprintf("%s, not %v", says, f.Value())
}

// limit writes a constraint's parameter in the unit of the field.
func limit(f validator.FieldError) string {
	n, err := strconv.ParseInt(f.Param(), 10, 64)
	switch f.Value().(type) {
	case Size:
		if err == nil {
			return Size(n).String()
		}
	case time.Duration:
		if err == nil {
			return time.Duration(n).String()
		}
	}
	return f.Param()
}

// attempts refuses a zero that somebody wrote, likely to have no retries: unset, it would mean what AWS's own settings
// say.
func (l *loader) attempts() {
	const setting = "bedrock.max_attempts"
	if _, made := l.origins[setting]; made && l.cfg.Bedrock.MaxAttempts == 0 {
		l.complain(l.origin(setting), setting, "must be at least 1, the first attempt, not 0")
	}
}

// inputTypes sees to it that a mistyped alias is not silently without its input type.
func (l *loader) inputTypes() {
	const setting = "models.input_types"
	for alias := range l.cfg.Models.InputTypes {
		if name := entryName(setting, alias); l.cfg.Models.Aliases[alias] == "" &&
			!l.complaints.about(entryName("models.aliases", alias)) {
			l.complain(l.origin(name), name, "is no alias of models.aliases")
		}
	}
}

// guardrail sees to it that a guardrail which was half named is not silently none.
func (l *loader) guardrail() {
	g := l.cfg.Guardrail
	switch {
	case g.Identifier != "" && g.Version == "" && !l.complaints.about("guardrail.version"):
		l.complain(l.origin("guardrail.identifier"), "guardrail.identifier",
			"needs guardrail.version (BEDROCK_GUARDRAIL_VERSION) beside it")
	case g.Identifier == "" && l.complaints.about("guardrail.identifier"):
	case g.Identifier == "" && g.Version != "":
		l.complain(l.origin("guardrail.version"), "guardrail.version",
			"needs guardrail.identifier (BEDROCK_GUARDRAIL_ID) beside it")
	case g.Identifier == "" && g.Trace != "":
		l.complain(l.origin("guardrail.trace"), "guardrail.trace",
			"needs guardrail.identifier (BEDROCK_GUARDRAIL_ID) beside it")
	}
}

// public refuses to offer somebody's AWS account to a network without asking callers who they are.
func (l *loader) public() {
	addr, a := l.cfg.Server.Addr, l.cfg.Access
	if !isAddr(addr) || isLoopback(addr) || len(a.APIKeys) > 0 || len(a.Keys) > 0 || a.required() || a.Insecure ||
		l.complaints.about("access.api_keys") || l.complaints.about("access.api_keys_file") ||
		l.complaints.about("access.insecure") {
		return
	}
	if l.stored != nil && len(l.complaints) == 0 && l.stored(l.cfg) {
		return
	}
	l.complain(l.origin("server.addr"), "server.addr", "%s is a public address, which needs API keys: set "+
		"OUTCROP_API_KEYS or "+
		"access.api_keys_file, or listen on 127.0.0.1; --insecure allows it without keys", quote(addr))
}

// required tells whether a key is demanded whatever the address. A store that others share is set up for callers with
// keys: found empty, it was lost, or is another one than was meant.
func (a *Access) required() bool {
	if a.Required != nil {
		return *a.Required
	}
	return a.Store == StoreRedis
}

// KeysRequired tells whether calls need a key even while there is none: a store that has lost its keys must not open a
// public address.
func (c *Config) KeysRequired() bool {
	return c.Access.required() || !c.Access.Insecure && !isLoopback(c.Server.Addr)
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)

func isAddr(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || host == "" || hostName.MatchString(host)
}

func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func isNetwork(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// isHostPattern takes a name, in which one * may stand for any characters.
func isHostPattern(s string) bool {
	before, behind, wild := strings.Cut(s, "*")
	return s == "*" || hostName.MatchString(strings.TrimPrefix(before+behind, ".")) &&
		(!wild || !strings.Contains(behind, "*"))
}

// isOrigin takes what browsers send as Origin, of other schemes than http too: desktop shells and extensions have their
// own.
func isOrigin(s string) bool {
	if s == "*" || s == "null" || s == "file://" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && s == u.Scheme+"://"+u.Host
}
