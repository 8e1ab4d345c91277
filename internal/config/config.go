package config

import (
	"errors"
	"fmt"
	"time"

	"outcrop/cache"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/audit"
	"outcrop/internal/catalog"
	"outcrop/internal/judge"
	"outcrop/internal/recall"
	"outcrop/internal/upstream"
	"outcrop/router"
)

// Config is every setting, by section.
type Config struct {
	Server    Server       `yaml:"server"`
	Stream    Stream       `yaml:"stream"`
	Requests  Requests     `yaml:"requests"`
	Models    Models       `yaml:"models"`
	Router    router.Rules `yaml:"router"`
	Bedrock   Bedrock      `yaml:"bedrock" reload:"no"`
	Guardrail Guardrail    `yaml:"guardrail"`
	Media     Media        `yaml:"media"`
	Access    Access       `yaml:"access"`
	Log       Log          `yaml:"log" reload:"no"`
	Redis     Redis        `yaml:"redis" reload:"no"`

	Cache      Cache           `yaml:"cache"`
	Resilience upstream.Config `yaml:"resilience" reload:"no"`
	Metrics    Metrics         `yaml:"metrics"`
	Audit      audit.Config    `yaml:"audit" reload:"no"`
	Security   Security        `yaml:"security"`

	Limits  limits.Config  `yaml:"limits"`
	Budgets budgets.Config `yaml:"budgets"`
	Usage   usage.Config   `yaml:"usage"`

	// What follows are settings of the translation, under the names that its rules give them.
	// R-PAR-10
	MaxChoices int `yaml:"max_choices" validate:"min=1,max=128" help:"greatest n of a chat request"`
	// R-TOOL-14, R-TOOL-15
	ToolHistoryWithoutTools string `yaml:"tool_history_without_tools" validate:"oneof=flatten declare" help:"what becomes of tool calls in a history when no tools are given: flatten to text, or declare the tools"`
	// R-MET-01
	RequestMetadata string      `yaml:"request_metadata" validate:"oneof=on off" help:"whether metadata goes into Bedrock's invocation log: on or off"`
	Documents       Documents   `yaml:"documents"`
	PromptCache     PromptCache `yaml:"prompt_cache"`

	Warnings []string // what Load has to say of settings that it took all the same, a line each
}

// Documents says how files are shown to models.
type Documents struct {
	// R-PART-12
	Names string `yaml:"names" validate:"oneof=filename neutral" help:"names of documents: the file's own, or neutral (Document 1)"`
}

// PromptCache says when cache points are placed that no client asked for.
type PromptCache struct {
	// R-CACHE-08
	Auto string `yaml:"auto" validate:"oneof=on asked off" help:"automatic cache points: on, asked (only on a sign of the client) or off"`
}

// Server is where the gateway listens and what it accepts there. HOST and PORT change the halves of Addr.
type Server struct {
	Addr              string        `yaml:"addr" validate:"addr" reload:"no" help:"host:port to listen on, HOST and PORT set its halves; anything but loopback needs API keys"`
	Prefixes          []string      `yaml:"prefixes" validate:"min=1,unique,dive,prefix" help:"path prefixes under which the API is served; / is none; the first is the one that the start and examples name"`
	AllowedOrigins    []string      `yaml:"allowed_origins" env:"ALLOWED_ORIGINS" validate:"unique,dive,origin" help:"origins whose pages may call (CORS): of any scheme, such as https://app.example.com or app://obsidian.md, null, or *; inside one, * stands for any characters"`
	Hosts             []string      `yaml:"hosts" validate:"unique,dive,host_name" help:"names by which the gateway may be called while it asks for no key, such as *.svc.cluster.local; loopback names, IP addresses and names without dots always are"`
	BodyLimit         Size          `yaml:"body_limit" validate:"min=1000,max=1000000000" help:"largest request body"`
	BodiesInFlight    Size          `yaml:"bodies_in_flight" validate:"omitempty,min=1000" help:"bytes of the request bodies that are held at a time, by all requests together; beyond them 503; 0 is an eighth of the memory limit (GOMEMLIMIT), without one of the memory of the machine, at most 512MiB"`
	ReadHeaderTimeout time.Duration `yaml:"read_header_timeout" validate:"gt=0" reload:"no" help:"how long a client may take for its headers"`
	ReadTimeout       time.Duration `yaml:"read_timeout" validate:"gt=0" help:"how long a client may take for its body"`
	WriteTimeout      time.Duration `yaml:"write_timeout" validate:"gt=0" help:"how long a client may take to accept one part of an answer"`
	IdleTimeout       time.Duration `yaml:"idle_timeout" validate:"gt=0" reload:"no" help:"how long a connection without a request is kept; longer than whoever stands in front keeps it (docs/resilience.md)"`
	DrainDelay        time.Duration `yaml:"drain_delay" validate:"min=0" reload:"no" help:"how long new requests are still answered after SIGTERM, while /ready says 503, so that balancers notice; 0 on SIGINT and offline"`
	DrainTimeout      time.Duration `yaml:"drain_timeout" validate:"min=0" reload:"no" help:"how long running requests may go on after SIGTERM, but not less than drain_delay"`
	TrustedProxies    []string      `yaml:"trusted_proxies" validate:"unique,dive,network" help:"networks (CIDR) of balancers whose X-Forwarded-For tells where a request comes from"`
	TLS               TLS           `yaml:"tls"`
}

// Stream is the pace of streamed answers.
type Stream struct {
	// R-STR-03
	Hold time.Duration `yaml:"hold" validate:"gt=0" help:"how long the status line waits for the first event"`
	// R-STR-04
	KeepAlive time.Duration `yaml:"keep_alive" validate:"min=10ms" help:"silence after which a keep-alive comment is sent"`
	// R-STR-19
	Idle time.Duration `yaml:"idle" validate:"gt=0" reload:"no" help:"longest silence between two Bedrock events before a stream is ended"`
}

// Requests are limits of calls of any endpoint. Its fields are those of pipeline.Config, so that one converts to the
// other.
type Requests struct {
	// R-ERR-71
	Deadline time.Duration `yaml:"deadline" validate:"gt=0" reload:"no" help:"longest time for a request that is not streamed"`
	// R-EMB-05
	EmbeddingCalls int `yaml:"embedding_calls" validate:"min=1,max=1024" help:"embedding calls under way at a time, where a model takes one text a call"`
	// R-CAP-07
	RememberRefusals time.Duration `yaml:"remember_refusals" validate:"min=0" help:"how long a model is sent no more of what the gateway adds by itself and it has refused; 0 tries each time"`
}

// Models says which names clients may use, and what is known of the models behind them.
type Models struct {
	Aliases map[string]string `yaml:"aliases" env:"BEDROCK_MODEL_ID=default,BEDROCK_EMBED_MODEL_ID=default-embedding" validate:"dive,keys,required,endkeys,word" help:"name for clients: id of a model, profile or ARN"`
	// R-CAP-01
	AllowARNs bool `yaml:"allow_arns" help:"whether clients may name ARNs"`
	// R-CAP-04
	BaseModels map[string]string `yaml:"base_models" validate:"dive,keys,arn,endkeys,word" help:"ARN of a provisioned, custom or imported model: id of the model behind it"`
	// R-MOD-04
	HideTargets bool `yaml:"hide_targets" help:"whether the list of models hides what stands behind an alias"`
	// R-EMB-11
	InputTypes map[string]string           `yaml:"input_types" validate:"dive,keys,required,endkeys,oneof=search_document search_query classification clustering" help:"alias of an embedding model: what for, where requests do not say"`
	Catalog    map[string]catalog.Override `yaml:"catalog" validate:"dive,keys,required,max=2048,endkeys" help:"id of a model: what is known of it, where the catalogue is wrong or lacks it (docs/recipes/add-a-model.md)"`
	// R-MOD-06
	Refresh time.Duration `yaml:"refresh" validate:"omitempty,min=1m" reload:"no" help:"how often AWS is asked for its models and inference profiles; 0 is never"`
}

// Bedrock is how AWS is called; zero values leave it to the AWS SDK. Credentials, endpoints and profiles are the AWS
// SDK's own settings.
type Bedrock struct {
	Region          string `yaml:"region" env:"AWS_REGION,AWS_DEFAULT_REGION" validate:"omitempty,region" help:"AWS region; empty leaves it to the AWS SDK"`
	PoolConnections int    `yaml:"pool_connections" env:"MAX_POOL_CONNECTIONS" validate:"min=1,max=65535" help:"connections kept open to an endpoint"`
	MaxAttempts     int    `yaml:"max_attempts" env:"MAX_RETRY_ATTEMPTS" validate:"min=0,max=100" help:"attempts of a call in all, the first included; without it AWS_MAX_ATTEMPTS and the profile decide, else 3"`
	Transport       string `yaml:"transport" validate:"oneof=thin sdk" help:"how the first attempt of a call travels: thin, or sdk through the AWS SDK's middleware, which costs several times the CPU; all other attempts are the SDK's"`
}

// Guardrail is the guardrail of requests that bring none (R-GRD-01).
type Guardrail struct {
	Identifier string `yaml:"identifier" env:"BEDROCK_GUARDRAIL_ID" validate:"omitempty,word,max=2048" help:"id or ARN of the default guardrail"`
	Version    string `yaml:"version" env:"BEDROCK_GUARDRAIL_VERSION" validate:"omitempty,guardrail_version" help:"its version: a number or DRAFT"`
	Trace      string `yaml:"trace" validate:"omitempty,oneof=enabled disabled enabled_full" help:"trace asked of it: enabled, disabled or enabled_full"`
}

// Media is what may be fetched of the URLs that requests name (R-PART-04, R-PART-05).
type Media struct {
	Fetch        bool          `yaml:"fetch" help:"whether images that a request names by URL are fetched; false refuses such requests"`
	AllowHTTP    bool          `yaml:"allow_http" help:"whether http is fetched too, and not only https"`
	AllowPrivate []string      `yaml:"allow_private" validate:"unique,dive,network" help:"networks (CIDR) that may be fetched from although they are not public; there any port may be named, elsewhere 80 and 443"`
	Timeout      time.Duration `yaml:"timeout" validate:"gt=0" help:"how long one image may take, redirects included"`
}

// Access says who may call. APIKeys holds the keys of APIKeysFile too, once loaded.
type Access struct {
	APIKeys        []Secret          `yaml:"api_keys" env:"OUTCROP_API_KEYS" validate:"dive,word" help:"keys that clients may use without limits; never in the file"`
	APIKeysFile    string            `yaml:"api_keys_file" env:"OUTCROP_API_KEYS_FILE" help:"file with those keys, one a line"`
	Keys           []keys.Configured `yaml:"keys" validate:"dive" help:"keys with limits of their own, by their hashes"`
	Store          string            `yaml:"store" env:"OUTCROP_STATE" reload:"no" help:"where keys of outcrop key are kept: path of a file, redis (needs redis.url) or memory; by default outcrop/outcrop.db in $XDG_STATE_HOME or ~/.local/state"`
	Grace          time.Duration     `yaml:"grace" validate:"min=0" reload:"no" help:"how long the last state of stored keys counts while the store cannot be reached"`
	FailedAttempts int               `yaml:"failed_attempts" validate:"min=0,max=1000000" reload:"no" help:"wrong keys that an address may send a minute before it is told to wait; 0 is no limit"`
	Required       *bool             `yaml:"required" help:"whether a key is demanded although there is none; by default on a public address, with store redis, and once the store holds a key or has held one"`
	Insecure       bool              `yaml:"insecure" help:"allows a public address without API keys"`

	// DefaultStore is the path that an empty Store means; "" when the environment does not tell of any.
	DefaultStore string
}

// Faults gives what is wrong with keys that tags cannot say.
func (a *Access) Faults() map[string]error {
	faults := map[string]error{}
	for i := range a.Keys {
		for member, err := range a.Keys[i].Faults() {
			faults[fmt.Sprintf("keys[%d].%s", i, member)] = err
		}
	}
	for member, err := range keys.Faults(a.Keys) {
		faults["keys"+member] = err
	}
	return faults
}

// Log is what is logged, and how.
type Log struct {
	Level  string `yaml:"level" validate:"oneofci=debug info warn error" help:"debug, info, warn or error"`
	Format string `yaml:"format" validate:"oneof=auto text json" help:"text (name=value), json, or auto: short lines on a terminal, else text"`
}

// Cache is what is kept of answers, and where.
type Cache struct {
	cache.Config `reload:"no"`
	recall.CacheConfig
	Secret Secret `yaml:"secret" reload:"no" help:"seals what is kept in Redis, so that nobody without it can put an answer there; the same for all instances"`
}

// Metrics says who may read /metrics besides this host itself.
type Metrics struct {
	Addr     string   `yaml:"addr" validate:"omitempty,addr" reload:"no" help:"host:port of a listener for /metrics, /health and /ready alone; then callers' own has no /metrics"`
	Networks []string `yaml:"networks" validate:"unique,dive,network" help:"networks (CIDR) from where /metrics may be read; this host always may"`
	Token    Secret   `yaml:"token" validate:"omitempty,word" help:"bearer token that opens /metrics to others"`
}

// TLS is the certificate of the gateway, where no balancer in front of it has one.
type TLS struct {
	CertFile string `yaml:"cert_file" help:"file of the certificate chain (PEM); read again when it changes and on SIGHUP"`
	KeyFile  string `yaml:"key_file" help:"file of its private key (PEM)"`
}

// Faults gives what is wrong with the two together.
func (t TLS) Faults() map[string]error {
	switch {
	case t.CertFile == "" && t.KeyFile != "":
		return map[string]error{"key_file": errors.New("needs cert_file beside it")}
	case t.CertFile != "" && t.KeyFile == "":
		return map[string]error{"cert_file": errors.New("needs key_file beside it")}
	}
	return nil
}

// Redis is the one server, cluster or set of sentinels that instances of the gateway share.
type Redis struct {
	URL Secret `yaml:"url" env:"REDIS_URL" file:"allowed" help:"redis://, rediss:// or unix:// URL; with addr= a cluster, with master_name= sentinels; hidden, since it may hold a password"`
}

// Default gives the settings of a gateway that is told nothing.
func Default() *Config {
	return &Config{
		Server: Server{
			Addr:              "127.0.0.1:8080",
			Prefixes:          []string{"/v1", "/openai/v1", "/api/v1", "/"},
			BodyLimit:         32 * megabyte,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       60 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       2 * time.Minute,
			DrainDelay:        5 * time.Second,
			DrainTimeout:      30 * time.Second,
		},
		Stream:   Stream{Hold: 30 * time.Second, KeepAlive: 15 * time.Second, Idle: 300 * time.Second},
		Requests: Requests{Deadline: 600 * time.Second, EmbeddingCalls: 8, RememberRefusals: time.Hour},
		Models:   Models{AllowARNs: true, Refresh: 6 * time.Hour},
		Router:   router.DefaultRules(),
		// Of the pool's connections only idle ones are limited, so a high number costs nothing on a quiet host.
		Bedrock: Bedrock{PoolConnections: 512, Transport: "thin"},
		Media:   Media{Fetch: true, Timeout: 10 * time.Second},
		Access:  Access{Grace: time.Hour, FailedAttempts: 20},
		Log:     Log{Level: "info", Format: "auto"},

		Cache:      Cache{Config: cache.Default(), CacheConfig: recall.DefaultCache()},
		Resilience: upstream.Default(),
		Audit:      audit.Default(),
		Security:   Security{Managed: judge.Default()},

		Limits: limits.Default(), Budgets: budgets.Default(), Usage: usage.Default(),

		MaxChoices: 8, ToolHistoryWithoutTools: "flatten", RequestMetadata: "on",
		Documents: Documents{Names: "filename"}, PromptCache: PromptCache{Auto: "on"},
	}
}
