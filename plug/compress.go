package plug

import (
	"compress/gzip"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/bennu-go/bennu/internal/exchange"
)

// CompressConfig configures [Compress]. The zero value works.
type CompressConfig struct {
	// MinSize is the number of bytes from which on answers are compressed. Zero means 1024.
	MinSize int
	// Level of gzip, 1 (fast) to 9 (small). Zero means 5.
	Level int
	// Jitter adds up to so many random bytes to each answer, which makes guessing secrets by size (BREACH) slower. Zero adds none.
	Jitter int
}

var compressKey = exchange.NewKey[bool]("compress")

// Compress sends answers in zstd or gzip, by what the client prefers. Answers that are small, have a Content-Encoding or a range, streams of events and types that do
// not get smaller are sent as they are, and so are requests that change protocols; one Compress within another does nothing. ETags get an ending while they
// are compressed, and conditions of requests are understood with it.
//
// An answer that has both a secret and something that an attacker chooses, compressed together, tells the secret by its size (BREACH). The tokens of Bennu's forms
// are masked, other secrets in a page are not: leave such routes out, or set Jitter. Phoenix leaves this to its server.
func Compress(cfg CompressConfig) Plug {
	if cfg.MinSize == 0 {
		cfg.MinSize = 1024
	}
	if cfg.Level == 0 {
		cfg.Level = 5
	}
	if cfg.MinSize < 0 || cfg.Level < gzip.BestSpeed || cfg.Level > gzip.BestCompression || cfg.Jitter < 0 {
		panic(fmt.Sprintf("plug: Compress: %+v: sizes are positive, levels from 1 to 9", cfg))
	}
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(cfg.MinSize), gzhttp.CompressionLevel(cfg.Level), gzhttp.ContentTypeFilter(compressible),
		gzhttp.SuffixETag("-gzip"), gzhttp.RandomJitter(cfg.Jitter, 32<<10, false))
	if err != nil {
		panic("plug: Compress: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		compressing := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := exchange.Begin(w, r)
			if on, _ := compressKey.Get(x); on || isUpgrade(r) || isEventStream(r) {
				next.ServeHTTP(w, r)
				return
			}
			compressKey.Set(x, true)
			if tags := r.Header["If-None-Match"]; len(tags) == 1 {
				if plain := etagEndings.Replace(tags[0]); plain != tags[0] {
					x.Writer().Before(func(w *exchange.Writer) { keepETag(w, tags[0]) })
					r.Header["If-None-Match"] = []string{tags[0] + "," + plain}
				}
			}
			compressing.ServeHTTP(w, r)
		})
	}
}

// What marks the ETag of a compressed answer: strong ones differ by every byte.
var etagEndings = strings.NewReplacer(`-gzip"`, `"`, `-zstd"`, `"`)

// keepETag gives a 304 the tag that the client asked with.
func keepETag(w *exchange.Writer, asked string) {
	tag, quoted := strings.CutSuffix(w.Header().Get("Etag"), `"`)
	if !quoted || w.Status() != http.StatusNotModified {
		return
	}
	for _, ending := range []string{`-gzip"`, `-zstd"`} {
		if strings.Contains(asked, tag+ending) {
			w.Header().Set("Etag", tag+ending)
			return
		}
	}
}

// compressible reports whether a type gets smaller and may wait for more of it.
func compressible(contentType string) bool {
	typ, _, _ := mime.ParseMediaType(contentType)
	switch typ {
	case "text/event-stream":
		return false
	case "application/json", "application/javascript", "application/xml", "application/x-ndjson", "application/yaml", "application/wasm", "font/ttf", "font/otf", "image/x-icon":
		return true
	}
	return strings.HasPrefix(typ, "text/") || strings.HasSuffix(typ, "+json") || strings.HasSuffix(typ, "+xml")
}
