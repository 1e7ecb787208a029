package browser

import (
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
