package plug

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/param"
)

// ParsersConfig configures [Parsers]. The zero value works.
type ParsersConfig struct {
	// Pass lists the media types that are let through unparsed: type/subtype, type/* or */*. Nil means everything, as in new Phoenix applications;
	// if it is empty and not nil, types that no parser takes are refused with 415, as Plug.Parsers does by itself.
	Pass []string
	// MaxForm is the size in bytes of the largest application/x-www-form-urlencoded body, at most [param.MaxLength]. Zero means 1,000,000.
	MaxForm int64
	// MaxJSON is the size in bytes of the largest JSON body. Zero means 8,000,000.
	MaxJSON int64
	// MaxMultipart is the size in bytes of all parts of a multipart body together, files included. Zero means 8,000,000.
	MaxMultipart int64
	// MaxParts is the number of parts of a multipart body. Zero means 10,000.
	MaxParts int
	// MaxFiles is the number of files among them. Zero means 100.
	MaxFiles int
	// TempDir is where uploads are written. Empty means that of os.TempDir.
	TempDir string
	// ReadTimeout is how long to wait for the next bytes of a body, in place of the server's ReadTimeout while a body is parsed. Zero means 15 seconds,
	// less leaves the server's.
	ReadTimeout time.Duration
	// Gzip lets clients send bodies that are compressed with gzip. The limits are those of what comes out.
	Gzip bool
	// NestJSON puts every JSON value under the key "_json", not only those that are no objects.
	NestJSON bool
}

func (cfg ParsersConfig) withDefaults() ParsersConfig {
	if cfg.Pass == nil {
		cfg.Pass = []string{"*/*"}
	}
	defaultTo(&cfg.MaxForm, param.MaxLength)
	defaultTo(&cfg.MaxJSON, 8_000_000)
	defaultTo(&cfg.MaxMultipart, 8_000_000)
	defaultTo(&cfg.MaxParts, 10_000)
	defaultTo(&cfg.MaxFiles, 100)
	defaultTo(&cfg.ReadTimeout, 15*time.Second)
	return cfg
}

func defaultTo[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (cfg ParsersConfig) validate() {
	if cfg.MaxForm < 0 || cfg.MaxJSON < 0 || cfg.MaxMultipart < 0 || cfg.MaxParts < 0 || cfg.MaxFiles < 0 {
		panic(fmt.Sprintf("plug: Parsers: %+v: limits are not negative", cfg))
	}
	if cfg.MaxForm > param.MaxLength {
		panic(fmt.Sprintf("plug: Parsers: MaxForm is %d: forms have at most %d bytes, larger ones are sent as multipart/form-data", cfg.MaxForm, param.MaxLength))
	}
	for _, pass := range cfg.Pass {
		if typ, _, ok := splitMediaType(pass); !ok || pass != typ {
			panic(fmt.Sprintf("plug: Parsers: Pass has %q: write type/subtype, type/* or */*, in lower case", pass))
		}
	}
}

// Parsers reads the bodies of POST, PUT, PATCH and DELETE into the parameters that [param.Of] and [param.Body] return: forms, JSON (application/json and */*+json;
// a value that is no object is under "_json") and multipart forms, whose files are [param.Upload] until the request has been answered. Behind it
// the body of a form or JSON can be read once more, by a handler that checks its signature, say; that of a multipart form cannot. At most one config is given.
//
// It refuses with 400 what does not decode, is not UTF-8 or ends too early, also queries and paths; with 408 a body that does not come; with 413 what is larger than
// the limits; with 414 a query of more than [param.MaxLength] bytes; with 415 what ParsersConfig.Pass does not let through, and compressed bodies, except gzip if that is
// switched on. It is Plug.Parsers.
func Parsers(config ...ParsersConfig) Plug {
	if len(config) > 1 {
		panic("plug: Parsers takes one config")
	}
	var cfg ParsersConfig
	if len(config) == 1 {
		cfg = config[0]
	}
	cfg = cfg.withDefaults()
	cfg.validate()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, w, r = exchange.Begin(w, r)
			p := &parse{cfg: &cfg, w: w, r: r}
			defer p.removeFiles()
			if err := p.run(); err != nil {
				Refuse(w, r, err)
				return
			}
			if p.body != nil {
				w, r = param.SetBody(w, r, p.body)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// parse is the parsing of one request.
type parse struct {
	cfg   *ParsersConfig
	w     http.ResponseWriter
	r     *http.Request
	body  param.Map // nil if there is none
	files []string  // to be removed
}

func (p *parse) run() error {
	r := p.r
	if !utf8.ValidString(r.URL.Path) {
		return badRequest("the path is not UTF-8", nil)
	}
	if r.URL.RawQuery != "" {
		if err := param.CheckQuery(r); err != nil {
			return err
		}
	}
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return nil
	}
	if r.Body == nil || r.Body == http.NoBody || param.Body(r) != nil {
		return nil
	}
	types := r.Header["Content-Type"]
	switch {
	case len(types) == 0 || types[0] == "" && len(types) == 1:
		return nil
	case len(types) > 1:
		return badRequest("more than one Content-Type", nil)
	}
	typ, params, err := mime.ParseMediaType(types[0])
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		typ = ""
	}
	switch {
	case typ == "application/x-www-form-urlencoded":
		return p.form()
	case isJSON(typ):
		return p.json()
	case typ == "multipart/form-data", typ == "multipart/mixed":
		return p.multipart(params["boundary"])
	}
	if !passes(p.cfg.Pass, typ) {
		return &Error{Status: http.StatusUnsupportedMediaType, Reason: fmt.Sprintf("no parser takes %.100q", types[0])}
	}
	return nil
}

func passes(pass []string, typ string) bool {
	family, _, _ := strings.Cut(typ, "/")
	return slices.Contains(pass, "*/*") || slices.Contains(pass, typ) || typ != "" && slices.Contains(pass, family+"/*")
}

func badRequest(reason string, err error) error {
	return &Error{Status: http.StatusBadRequest, Reason: reason, Err: err}
}
