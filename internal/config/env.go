package config

import (
	"maps"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const prefix = "OUTCROP_"

// variable is the systematic variable of a setting: OUTCROP_SERVER_ADDR of server.addr.
func variable(name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
}

// variables are those that set s as a whole, the strongest first.
func variables(s setting) []string {
	if s.inFileOnly() || strings.Contains(s.name, "[") {
		return nil
	}
	names := []string{variable(s.name)}
	if more := s.field.Tag.Get("env"); more != "" {
		names = append(names, strings.Split(more, ",")...)
	}
	return names
}

// entryVariables are the variables of single entries of a map, with the entry's key.
func entryVariables(s setting) map[string]string {
	keys := map[string]string{}
	if s.value.Kind() == reflect.Map {
		for pair := range strings.SplitSeq(s.field.Tag.Get("env"), ",") {
			if name, key, ok := strings.Cut(pair, "="); ok {
				keys[name] = key
			}
		}
	}
	return keys
}

// environ lays the environment, a list of NAME=value, over what is there. An empty value counts as unset.
func (l *loader) environ(list []string) {
	env := map[string]string{}
	for _, pair := range list {
		name, value, _ := strings.Cut(pair, "=")
		if value = strings.TrimSpace(value); value != "" {
			env[name] = value
		}
	}
	l.hostPort(env["HOST"], env["PORT"])
	l.cfg.Access.DefaultStore = stateFile(env)
	known := map[string]bool{}
	for _, s := range l.cfg.settings() {
		done := false
		for _, name := range variables(s) {
			known[name] = true
			if value, set := env[name]; set && !done {
				done = true
				l.assign(origin{name: name}, s, value)
			}
		}
		for name, key := range entryVariables(s) {
			if value, set := env[name]; set {
				setEntry(s.value, key, reflect.ValueOf(value))
				l.origins[entryName(s.name, key)] = origin{name: name}
			}
		}
	}
	l.unknown(env, known)
}

// assign gives s the value that text stands for; a list is separated by commas, and [] is the empty one.
func (l *loader) assign(from origin, s setting, text string) {
	if s.value.Kind() != reflect.Slice {
		if err := setText(s.value, text); err != nil {
			l.complain(from, s.name, "%s", err)
			return
		}
		l.origins[s.name] = from
		return
	}
	if text == "[]" {
		s.value.Set(reflect.MakeSlice(s.value.Type(), 0, 0))
		l.replaced(s, from)
		return
	}
	items := reflect.Zero(s.value.Type())
	for text := range strings.SplitSeq(text, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		item := reflect.New(s.value.Type().Elem()).Elem()
		if err := setText(item, text); err != nil {
			l.complain(from, s.name, "%s", err)
		}
		items = reflect.Append(items, item)
	}
	if items.Len() == 0 {
		l.complain(from, s.name, "names nothing; write [] for an empty list")
		return
	}
	s.value.Set(items)
	l.replaced(s, from)
}

// replaced notes that a list comes from somewhere else as a whole.
func (l *loader) replaced(s setting, from origin) {
	for name := range l.origins {
		if strings.HasPrefix(name, s.name+"[") {
			delete(l.origins, name) // of the list that was replaced
		}
	}
	l.origins[s.name] = from
}

// hostPort puts HOST and PORT, which many platforms set, into the address. An address that cannot be taken apart stays
// as it is, for validation to find.
func (l *loader) hostPort(host, port string) {
	const setting = "server.addr"
	oldHost, oldPort, err := net.SplitHostPort(l.cfg.Server.Addr)
	if err != nil {
		return
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			l.complain(origin{name: "PORT"}, setting, "must be a port number from 0 to 65535, not %s", quote(port))
			port = ""
		} else {
			oldPort = port
			l.origins[setting] = origin{name: "PORT"}
		}
	}
	if host != "" {
		oldHost = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		l.origins[setting] = origin{name: "HOST"}
	}
	if host != "" || port != "" {
		l.cfg.Server.Addr = net.JoinHostPort(oldHost, oldPort)
	}
}

// foreign matches variables that bear our prefix and are not ours: those that Kubernetes gives every pod of a namespace
// with a service named outcrop or outcrop-something, and those of our own tests.
var foreign = regexp.MustCompile(
	`_SERVICE_(HOST|PORT(_\w+)?)=|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=|_PORT=(tcp|udp|sctp)://|` +
		`^OUTCROP_(SHARED|CLIENTS|CHAOS)=`)

// unknown complains of variables that look like ours: a mistyped safety setting must not pass for one that was made.
func (l *loader) unknown(env map[string]string, known map[string]bool) {
	tables := map[string]string{}
	for _, s := range l.cfg.settings() {
		if s.inFileOnly() {
			tables[variable(s.name)] = s.name
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, prefix)
	}
	for setting := range retired {
		if name := variable(setting); env[name] != "" && l.isRetired(origin{name: name}, setting) {
			known[name] = true
		}
	}
	for name, value := range env {
		short, ours := strings.CutPrefix(name, prefix)
		switch {
		case !ours || known[name] || foreign.MatchString(name+"="+value):
		case tables[name] != "":
			l.complain(origin{name: name}, tables[name], "can be set in the file only")
		default:
			hint := didYouMean(short, names)
			if hint != "" {
				hint = strings.Replace(hint, "did you mean ", "did you mean "+prefix, 1)
			}
			l.complain(origin{name: name}, "", "unknown variable%s", hint)
		}
	}
}
