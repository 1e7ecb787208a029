package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// WindowConfig is the shape of a Window. The zero value is a desktop window in light colours.
type WindowConfig struct {
	// Name stands in failures, logs and screenshots. Empty means "window".
	Name string
	// Width and Height are in CSS pixels. Zero means 1280 by 800, or 390 by 844 for a phone.
	Width, Height int64
	// Phone means a touch screen and a mobile viewport at three device pixels for each CSS pixel.
	Phone bool
	// Dark means that the person prefers dark colours.
	Dark bool
}

func (c WindowConfig) withDefaults() WindowConfig {
	if c.Name == "" {
		c.Name = "window"
	}
	width, height := int64(1280), int64(800)
	if c.Phone {
		width, height = 390, 844
	}
	if c.Width == 0 {
		c.Width = width
	}
	if c.Height == 0 {
		c.Height = height
	}
	return c
}

// A Window is one person's tab. Its methods fail the test that opened it, or the one given to [Window.In].
type Window struct {
	t testing.TB
	*tab
}

type tab struct {
	ctx     context.Context
	name    string
	timeout time.Duration

	mu         sync.Mutex // guards the fields below
	console    []string
	exceptions []string
}

// Window opens a window that shares nothing with the others. It is closed when the test ends.
func (b *Browser) Window(cfg WindowConfig) *Window {
	b.t.Helper()
	cfg = cfg.withDefaults()
	private := chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {
		yes := true
		p.DisposeOnDetach = &yes
	})
	ctx, cancel := chromedp.NewContext(b.ctx, private)
	w := &Window{t: b.t, tab: &tab{ctx: ctx, name: cfg.Name, timeout: b.cfg.Timeout}}

	options := []chromedp.EmulateViewportOption{}
	if cfg.Phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(3))
	}
	scheme := "light"
	if cfg.Dark {
		scheme = "dark"
	}
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(cfg.Width, cfg.Height, options...),
		// Motion would make two pictures of one page differ.
		media("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce"),
	)
	if err != nil {
		cancel()
		b.t.Fatalf("browser: opening %s: %v", cfg.Name, err)
	}

	listening, stop := context.WithCancel(ctx)
	messages := chromedp.Console(listening)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message, err := range messages {
			if err != nil {
				return
			}
			w.record(message)
		}
	}()
	b.t.Cleanup(func() {
		if b.t.Failed() {
			w.explain()
		}
		stop()
		<-done
		if err := chromedp.Cancel(ctx); err != nil {
			b.t.Logf("browser: closing %s: %v", cfg.Name, err)
		}
		for _, exception := range w.Exceptions() {
			b.t.Errorf("browser: %s: uncaught in the page: %s", cfg.Name, exception)
		}
	})
	return w
}

// media overrides media features, given as names and values in turn.
func media(pairs ...string) chromedp.Action[chromedp.Void] {
	features := []*emulation.MediaFeature{}
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return chromedp.Void{}, err
	}
}

// In returns the same window with failures reported to a subtest.
func (w *Window) In(t testing.TB) *Window { return &Window{t: t, tab: w.tab} }

// Name is the name from the WindowConfig.
func (w *Window) Name() string { return w.name }

// Console returns what the page wrote to its console so far, also what the browser logged for it.
func (w *Window) Console() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.console...)
}

// Exceptions returns the errors that no code of the page caught, so far. Any of them fails the test at its end.
func (w *Window) Exceptions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.exceptions...)
}

func (w *Window) record(message chromedp.ConsoleMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := message.String()
	if message.URL != "" {
		line += fmt.Sprintf(" (%s:%d)", message.URL, message.Line+1)
	}
	w.console = append(w.console, line)
	if message.IsException() {
		w.exceptions = append(w.exceptions, line)
	}
}

// explain logs what a person would look at first when the test failed.
func (w *Window) explain() {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		w.t.Logf("browser: %s: no text: %v", w.name, err)
		return
	}
	w.t.Logf("browser: %s shows:\n%s", w.name, indent(text))
	if console := w.Console(); len(console) > 0 {
		w.t.Logf("browser: %s: console:\n%s", w.name, indent(strings.Join(console, "\n")))
	}
	if path, err := w.screenshot(ctx, "failed-"+w.t.Name()+"-"+w.name); err == nil {
		w.t.Logf("browser: %s: picture in %s", w.name, path)
	}
}

func indent(text string) string {
	return "\t" + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n\t")
}
