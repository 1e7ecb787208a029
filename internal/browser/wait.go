package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// visible is JavaScript: the elements with a testid that a person could see.
const visible = `((id) => [...document.querySelectorAll('[data-testid="' + CSS.escape(id) + '"]')]
	.filter(e => e.checkVisibility({visibilityProperty: true})))`

// textOf is JavaScript: what a person reads in an element, or wrote into a field.
const textOf = `(e => e.matches("input, textarea, select") ? e.value : e.textContent)`

// Until waits until a JavaScript expression is true. What names the wait in a failure: "the room is joined". If the window goes to another page meanwhile, it waits there.
func (w *Window) Until(what, expression string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, w.timeout)
	defer cancel()
	// An interval, because a window in the background gets no animation frames.
	poll := chromedp.Poll[bool]("!!("+expression+")",
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
	_, err := chromedp.Run(ctx, poll)
	for pageLeft(err) {
		<-time.After(20 * time.Millisecond) // the next page may not be there yet
		_, err = chromedp.Run(ctx, poll)
	}
	if err != nil {
		w.t.Fatalf("browser: %s: waited %s until %s: %v", w.name, w.timeout, what, err)
	}
}

// pageLeft reports whether an evaluation failed because its page was left. Chromium has one code for many errors, so its words have to tell.
func pageLeft(err error) bool {
	if err == nil {
		return false
	}
	return slices.ContainsFunc([]string{"Inspected target navigated or closed", "Cannot find context with specified id", "Execution context was destroyed"},
		func(words string) bool { return strings.Contains(err.Error(), words) })
}

// WaitFor waits until an element with the testid is visible.
func (w *Window) WaitFor(testid string) {
	w.t.Helper()
	w.Until(fmt.Sprintf("%q is visible", testid), elements(testid)+".length > 0")
}

// WaitGone waits until no element with the testid is visible.
func (w *Window) WaitGone(testid string) {
	w.t.Helper()
	w.Until(fmt.Sprintf("%q is gone", testid), elements(testid)+".length === 0")
}

// WaitCount waits until exactly n elements with the testid are visible.
func (w *Window) WaitCount(testid string, n int) {
	w.t.Helper()
	w.Until(fmt.Sprintf("there are %d of %q", n, testid), fmt.Sprintf("%s.length === %d", elements(testid), n))
}

// WaitText waits until a visible element with the testid holds the text, among other text or alone.
func (w *Window) WaitText(testid, text string) {
	w.t.Helper()
	w.Until(fmt.Sprintf("%q says %q", testid, text),
		fmt.Sprintf("%s.some(e => %s(e).includes(%s))", elements(testid), textOf, quote(text)))
}

// WaitAttr waits until a visible element with the testid has the attribute with exactly this value.
func (w *Window) WaitAttr(testid, attribute, value string) {
	w.t.Helper()
	w.Until(fmt.Sprintf("%q has %s=%q", testid, attribute, value),
		fmt.Sprintf("%s.some(e => e.getAttribute(%s) === %s)", elements(testid), quote(attribute), quote(value)))
}

func elements(testid string) string {
	return visible + "(" + quote(testid) + ")"
}

// quote makes a Go string a JavaScript one: JSON is a part of JavaScript.
func quote(s string) string {
	bytes, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(bytes)
}
