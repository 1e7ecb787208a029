package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Keys for [Window.Press].
const (
	Enter     = kb.Enter
	Escape    = kb.Escape
	Tab       = kb.Tab
	Backspace = kb.Backspace
)

// Modifiers for [Window.Press].
const (
	Shift   = chromedp.ModifierShift
	Control = chromedp.ModifierCtrl
)

// strike presses the keys one after another in whatever has the focus.
//
// chromedp's own KeyEvent sends what a key types as an event apart, which arrives even where the page prevented the key:
// an Enter that sends a form would leave a line break behind. Here the text rides on the press, as on a keyboard.
func strike(keys string, modifiers ...chromedp.Modifier) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, r := range keys {
			for _, event := range presses(r, modifiers) {
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, event); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// presses is the pair of events of one key: down, with the text it types, and up.
func presses(r rune, modifiers []chromedp.Modifier) []input.DispatchKeyEventParams {
	var down, up input.DispatchKeyEventParams
	text := ""
	for _, event := range kb.Encode(r) {
		switch event.Type {
		case input.DispatchKeyEventTypeChar:
			text = event.Text
		case input.DispatchKeyEventTypeKeyUp:
			up = *event
		default:
			down = *event
		}
	}
	for _, m := range modifiers {
		down.Modifiers |= int64(m)
		up.Modifiers |= int64(m)
	}
	down.Type = input.DispatchKeyEventTypeRawKeyDown
	// With any other modifier than Shift a key is a shortcut and types nothing.
	if text != "" && down.Modifiers&^int64(Shift) == 0 {
		down.Type = input.DispatchKeyEventTypeKeyDown
		down.Text = text
	}
	return []input.DispatchKeyEventParams{down, up}
}
