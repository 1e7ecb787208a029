package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/browser"
)

const password = "correct horse"

// drawing writes a picture to a file and returns its path.
func drawing(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 600, 400))
	for y := range 400 {
		for x := range 600 {
			m.Set(x, y, color.RGBA{R: uint8(x * 255 / 600), G: 120, B: uint8(y * 255 / 400), A: 255})
		}
	}
	path := filepath.Join(t.TempDir(), "me.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnAccount is the story of somebody who registers, on pages and in the chat, in a browser that heeds the content security policy.
func TestAnAccount(t *testing.T) {
	t.Parallel()
	d := startDemo(t, path{})
	b := browser.Start(t, browser.Config{})
	ada := b.Window(browser.WindowConfig{Name: "ada"})
	bob := b.Window(browser.WindowConfig{Name: "bob", Phone: true, Dark: true})

	t.Run("register", func(t *testing.T) {
		ada := ada.In(t)
		ada.Open(d.url())
		ada.Click("to-register")
		ada.Fill("name", "\u200b")
		ada.Fill("email", "ada@example.com")
		ada.Fill("password", password)
		ada.Click("submit")
		ada.WaitText("name-error", "none of them invisible")
		ada.WaitText("email", "ada@example.com") // what was right is still there
		ada.Screenshot("demo-register-refused")
		ada.Fill("name", "Ada")
		ada.Fill("password", password)
		ada.Click("submit")
		ada.WaitText("flash-info", "Your account is ready, Ada.")
		ada.WaitText("profile-email", "ada@example.com")
		ada.Reload()
		ada.WaitText("profile-name", "Ada")
		if n := ada.Count("flash-info"); n != 0 {
			t.Error("the flash was seen twice")
		}
	})

	t.Run("a picture", func(t *testing.T) {
		ada := ada.In(t)
		notes := filepath.Join(t.TempDir(), "notes.png")
		if err := os.WriteFile(notes, []byte("not a picture"), 0o600); err != nil {
			t.Fatal(err)
		}
		ada.Upload("avatar-input", notes)
		ada.Click("upload")
		ada.WaitText("avatar-error", "must be a PNG, JPEG or GIF picture")
		ada.Upload("avatar-input", drawing(t))
		ada.Click("upload")
		ada.WaitText("flash-info", "up to date")
		ada.Until("the picture is shown", `document.querySelector("[data-testid=portrait]").naturalWidth === 256`)
		ada.Screenshot("demo-profile")
	})

	t.Run("the chat knows the user", func(t *testing.T) {
		ada, bob := ada.In(t), bob.In(t)
		ada.Click("to-chat")
		ada.WaitAttr("status", "data-state", "connected")
		ada.WaitText("me", "Ada")
		ada.Type("message-input", "It is me.\n")
		ada.WaitText("message-body", "It is me.")
		ada.Screenshot("demo-chat-user")
		bob.Open(d.url())
		bob.Type("name-input", "ada")
		bob.Click("join-button")
		bob.WaitText("join-error", "belongs to an account")
		bob.Screenshot("demo-welcome-phone-dark")
		bob.Fill("name-input", "Bob")
		bob.Click("join-button")
		bob.WaitText("message-body", "It is me.")
		bob.WaitText("me", "Bob")
	})

	t.Run("a log-out elsewhere", func(t *testing.T) {
		ada := ada.In(t)
		browser.Eval[bool](ada, `fetch("/log-out", {method: "POST", body: new URLSearchParams({_csrf_token: document.querySelector("[name=csrf-token]").content})}).then(r => r.ok)`)
		ada.WaitFor("name-input") // its socket was closed and may not come back: the page is a guest's again
	})

	t.Run("log in, download, log out, go back", func(t *testing.T) {
		ada := ada.In(t)
		ada.Open(d.url() + "profile")
		ada.WaitText("flash-error", "Please log in first.")
		ada.Fill("email", "ada@example.com")
		ada.Fill("password", "wrong horse")
		ada.Click("submit")
		ada.WaitText("form-error", "Invalid email or password.")
		ada.Screenshot("demo-log-in-refused")
		ada.Fill("password", password)
		ada.Press("password", browser.Enter)
		ada.WaitText("flash-info", "Welcome back, Ada.")

		name, content := ada.Download("download")
		var data struct {
			User     struct{ Email string }
			Messages map[string][]struct{ Body string }
		}
		if err := json.Unmarshal(content, &data); err != nil || name != "Ada.json" || data.User.Email != "ada@example.com" || data.Messages["lobby"][0].Body != "It is me." {
			t.Errorf("downloaded %s: %s (%v)", name, content, err)
		}
		ada.Click("log-out")
		ada.WaitText("flash-info", "You are logged out.")
		ada.Back()
		ada.WaitFor("log-in-form")
		if page := browser.Eval[string](ada, `document.documentElement.outerHTML`); strings.Contains(page, "ada@example.com") {
			t.Errorf("going back shows %s", page)
		}
	})

	t.Run("a phone in the dark", func(t *testing.T) {
		bob := bob.In(t)
		bob.Open(d.url() + "register")
		bob.Screenshot("demo-register-phone-dark")
		bob.Fill("name", "Roberta Ann Featherstonehaugh II")
		bob.Fill("email", "roberta.ann.featherstonehaugh@department.university.example.com")
		bob.Fill("password", password)
		bob.Click("submit")
		bob.WaitFor("profile-name")
		bob.Screenshot("demo-profile-phone-dark")
		if wide := browser.Eval[bool](bob, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Error("the profile is wider than the phone")
		}
		bob.Open(d.url() + "nothing")
		bob.WaitFor("error-page")
		bob.Screenshot("demo-error-phone-dark")
	})
	for _, w := range []*browser.Window{ada, bob} {
		for _, line := range w.Console() {
			if strings.Contains(line, "Content Security Policy") {
				t.Errorf("%s: %s", w.Name(), line)
			}
		}
	}
}
