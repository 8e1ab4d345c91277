package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Source is what settings are made of.
type Source struct {
	Path      string   // of the YAML file; "" for none
	Environ   []string // NAME=value, as os.Environ gives it
	Overrides Overrides
	// ReadFile reads the YAML file and the file of API keys; nil is os.ReadFile.
	ReadFile func(path string) ([]byte, error)
	// KeysStored tells whether the store of these settings holds keys. It is asked only when a public address would need
	// one and there is none in the settings; nil is no.
	KeysStored func(*Config) bool
}

// Overrides are flags of the command line, which win over everything else. Zero values leave things as they are.
type Overrides struct {
	Addr     string // --addr
	Insecure bool   // --insecure
}

// Load gives the settings of s, or an error with every complaint there is, one a line: those of the file in its order
// as file:line:column, then those of variables and flags by name. It touches nothing but the files named.
func Load(s Source) (*Config, error) {
	l, err := load(s)
	if err != nil {
		return nil, err
	}
	return l.cfg, nil
}

// load is Load, and remembers where each setting was made.
func load(s Source) (*loader, error) {
	l := &loader{cfg: Default(), path: s.Path, read: s.ReadFile, stored: s.KeysStored, origins: map[string]origin{}}
	if l.read == nil {
		l.read = os.ReadFile
	}
	if s.Path != "" {
		l.file()
	}
	l.environ(s.Environ)
	l.override(s.Overrides)
	l.keys()
	l.validate()
	if len(l.complaints) > 0 {
		l.complaints.sort()
		return nil, l.complaints
	}
	return l, nil
}

// loader is one Load under way.
type loader struct {
	cfg        *Config
	path       string
	read       func(string) ([]byte, error)
	stored     func(*Config) bool
	origins    map[string]origin // by setting: where its present value was made
	complaints complaints
}

func (l *loader) complain(at origin, setting, format string, args ...any) {
	l.complaints = append(l.complaints, complaint{at, setting, fmt.Sprintf(format, args...)})
}

// origin is where a setting was made; what has no place of its own has that of the entry, list or section around it.
func (l *loader) origin(setting string) origin {
	for {
		if o, ok := l.origins[setting]; ok {
			return o
		}
		end := strings.LastIndexAny(setting, ".[")
		if end < 0 {
			return origin{}
		}
		setting = setting[:end] // inside a key with dots in it this finds nothing, and goes on
	}
}

func (l *loader) override(o Overrides) {
	if o.Addr != "" {
		l.cfg.Server.Addr = o.Addr
		l.origins["server.addr"] = origin{name: "--addr"}
	}
	if o.Insecure {
		l.cfg.Access.Insecure = true
		l.origins["access.insecure"] = origin{name: "--insecure"}
	}
}

// keys reads the file of API keys: one a line or separated by commas, as in the variable; lines that begin with # are
// comments.
func (l *loader) keys() {
	const setting = "access.api_keys_file"
	a := &l.cfg.Access
	if a.APIKeysFile == "" {
		return
	}
	from := l.origin(setting)
	if len(a.APIKeys) > 0 {
		// Neither wins: the union would keep keys alive that one of the two has dropped.
		l.complain(from, setting, "and %s are both set; use one", l.origin("access.api_keys"))
		return
	}
	data, err := l.read(a.APIKeysFile)
	if err != nil {
		l.complain(from, setting, "%s cannot be read: %s", quote(a.APIKeysFile), reason(err))
		return
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for key := range strings.SplitSeq(line, ",") {
			if key = strings.TrimSpace(key); key != "" {
				a.APIKeys = append(a.APIKeys, Secret(key))
			}
		}
	}
	if len(a.APIKeys) == 0 {
		l.complain(from, setting, "%s holds no key", quote(a.APIKeysFile))
	}
	l.origins["access.api_keys"] = from
}

// entryName names an entry of a map as the validator does.
func entryName(setting, key string) string { return setting + "[" + key + "]" }

func setEntry(table reflect.Value, key string, value reflect.Value) {
	if table.IsNil() {
		table.Set(reflect.MakeMap(table.Type()))
	}
	table.SetMapIndex(reflect.ValueOf(key).Convert(table.Type().Key()), value)
}

// entryOf is what a table has under a key; invalid when it has nothing.
func entryOf(table reflect.Value, key string) reflect.Value {
	return table.MapIndex(reflect.ValueOf(key).Convert(table.Type().Key()))
}
