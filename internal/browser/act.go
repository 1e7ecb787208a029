package browser

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// Open goes to an address and waits until the page has loaded.
func (w *Window) Open(url string) {
	w.t.Helper()
	w.do("opening "+url, chromedp.Navigate(url))
}

// Reload loads the page again, as its reload button does.
func (w *Window) Reload() {
	w.t.Helper()
	w.do("reloading", chromedp.Reload())
}

// Click clicks the first element with the testid, when it is visible.
func (w *Window) Click(testid string) {
	w.t.Helper()
	w.do(fmt.Sprintf("clicking %q", testid), chromedp.Click(selector(testid), chromedp.NodeVisible))
}

// Type types a text into the element with the testid, key by key, after what is there. A line break is the Enter key.
func (w *Window) Type(testid, text string) {
	w.t.Helper()
	w.do(fmt.Sprintf("typing into %q", testid),
		chromedp.Focus(selector(testid), chromedp.NodeVisible),
		strike(text))
}

// Press presses one key in the element with the testid: [Enter] and its like, or a character.
func (w *Window) Press(testid, key string, modifiers ...chromedp.Modifier) {
	w.t.Helper()
	w.do(fmt.Sprintf("pressing %q in %q", key, testid),
		chromedp.Focus(selector(testid), chromedp.NodeVisible),
		strike(key, modifiers...))
}

// Fill replaces the text of a field at once, as pasting does, and tells the page.
func (w *Window) Fill(testid, text string) {
	w.t.Helper()
	w.WaitFor(testid)
	Eval[bool](w, fmt.Sprintf(`(() => {
		const field = %s[0]
		field.focus()
		field.value = %s
		field.dispatchEvent(new Event("input", {bubbles: true}))
		return true
	})()`, elements(testid), quote(text)))
}

// Text returns the text of the first visible element with the testid; of a field, its value.
func (w *Window) Text(testid string) string {
	w.t.Helper()
	w.WaitFor(testid)
	return Eval[string](w, fmt.Sprintf(`%s(%s[0])`, textOf, elements(testid)))
}

// Texts returns the texts of all visible elements with the testid, in their order on the page. It does not wait.
func (w *Window) Texts(testid string) []string {
	w.t.Helper()
	return Eval[[]string](w, fmt.Sprintf(`%s.map(%s)`, elements(testid), textOf))
}

// Attrs returns an attribute of all visible elements with the testid; "" where it is missing. It does not wait.
func (w *Window) Attrs(testid, attribute string) []string {
	w.t.Helper()
	return Eval[[]string](w, fmt.Sprintf(`%s.map(e => e.getAttribute(%s) ?? "")`, elements(testid), quote(attribute)))
}

// Count returns how many elements with the testid are visible. It does not wait.
func (w *Window) Count(testid string) int {
	w.t.Helper()
	return Eval[int](w, elements(testid)+".length")
}

// Eval returns the value of a JavaScript expression in the page; a promise is awaited.
func Eval[T any](w *Window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("browser: %s: evaluating %s: %v", w.name, expression, err)
	}
	return value
}

func (w *Window) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	start := time.Now()
	if err := chromedp.Do(ctx, actions...); err != nil {
		w.t.Fatalf("browser: %s: %s (%s): %v", w.name, what, time.Since(start).Round(time.Millisecond), err)
	}
}

func selector(testid string) chromedp.CSS {
	return chromedp.CSS("[data-testid=" + quote(testid) + "]")
}
