// Package browser drives Chromium in tests, so that a story told of two people in two windows can be run.
//
// # Terms
//
// A Browser is one Chromium process without a screen. A Window is a tab with cookies, storage and cache of its own, as
// if it belonged to another person. An element is found by its testid: the value of its data-testid attribute, the
// contract between a page and its tests.
//
// # Order
//
// A Window belongs to one goroutine; two Windows may be used by two. Every method waits until what it speaks of is
// there, and fails the test at once when the time-out of the Browser has passed, with a picture of the page and the
// text on it. Nothing is retried after it succeeded.
//
// # Limits
//
// An exception that no code of the page caught fails the test at its end. Only tests may import this package: it
// brings a client of the DevTools protocol, which no product should link.
//
// # Source
//
// Chrome DevTools Protocol, through github.com/chromedp/chromedp v0.23.0.
package browser

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Config says how a Browser is started. The zero value is good.
type Config struct {
	// Path is the executable. Empty means the variable BENNU_CHROMIUM, then the first of the usual names that is
	// installed.
	Path string
	// Timeout bounds each wait of each Window. Zero means 15 seconds.
	Timeout time.Duration
	// AnyCertificate has the browser believe every certificate, for servers of the test that signed their own. Off by default.
	AnyCertificate bool
}

func (c Config) withDefaults() Config {
	if c.Path == "" {
		c.Path = os.Getenv("BENNU_CHROMIUM")
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	return c
}

// A Browser is a running Chromium.
type Browser struct {
	t   testing.TB
	ctx context.Context
	cfg Config
}

// Start starts Chromium and stops it when the test ends. Without one on the machine the test fails and the message says
// what to install: a browser test that is skipped tells nobody that it did not run.
func Start(t testing.TB, cfg Config) *Browser {
	t.Helper()
	cfg = cfg.withDefaults()
	path, err := find(cfg.Path, names())
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.DisableGPU,
		// A browser in a test has business with the test's server only: without these it asks its maker's hosts for
		// updates, at each start.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// A machine under load may take long for its first page.
		chromedp.WSURLReadTimeout(time.Minute),
	)
	if cfg.AnyCertificate {
		options = append(options, chromedp.Flag("ignore-certificate-errors", true))
	}
	if os.Geteuid() == 0 {
		// Chromium refuses to start as root with its sandbox, and containers run tests as root.
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithLogf(t.Logf), chromedp.WithErrorf(quiet(t)))
	t.Cleanup(func() {
		defer stop()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("browser: stopping: %v", err)
		}
	})
	// The process lives as long as the context of the first call: it must not carry a time-out.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("browser: starting %s: %v", path, err)
	}
	return &Browser{t: t, ctx: ctx, cfg: cfg}
}

// quiet keeps the client's complaints about protocol events newer than itself in the log: they harm nothing.
func quiet(t testing.TB) func(string, ...any) {
	return func(format string, args ...any) {
		t.Logf("browser: "+format, args...)
	}
}
