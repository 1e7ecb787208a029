package accounts_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start makes Accounts whose hashes are cheap.
func start(t *testing.T, change ...func(*accounts.Config)) *accounts.Accounts {
	t.Helper()
	sys := proc.NewSystem(proc.Config{})
	t.Cleanup(sys.Close)
	cfg := accounts.Config{System: sys, PubSub: pubsub.New(pubsub.Config{System: sys, Strict: true}), HashMemory: 16}
	for _, f := range change {
		f(&cfg)
	}
	return accounts.New(cfg)
}

func register(t *testing.T, a *accounts.Accounts, name string) accounts.User {
	t.Helper()
	u, err := a.Register(t.Context(), accounts.Registration{Name: name, Email: strings.ToLower(name) + "@example.com", Password: "long enough"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func ptr(s string) *string { return &s }

func TestRegister(t *testing.T) {
	a := start(t)
	ada := register(t, a, "Ada")
	if got, err := a.Get(ada.ID); err != nil || got.Name != "Ada" || got.Email != "ada@example.com" || got.InsertedAt.IsZero() {
		t.Errorf("got %+v (%v)", got, err)
	}
	for name, tc := range map[string]struct {
		in   accounts.Registration
		want accounts.Invalid
	}{
		"nothing": {accounts.Registration{}, accounts.Invalid{
			"name":     {"must have 1 to 32 characters, none of them invisible"},
			"email":    {"must have an @ sign and no spaces"},
			"password": {"must have at least 8 characters"},
		}},
		"what somebody has": {accounts.Registration{Name: " aDa ", Email: "ADA@example.com", Password: "long enough"},
			accounts.Invalid{"name": {"has already been taken"}, "email": {"has already been taken"}}},
		"too long": {accounts.Registration{Name: "Bob", Email: strings.Repeat("b", 160) + "@x", Password: strings.Repeat("p", 201)},
			accounts.Invalid{"email": {"must have at most 160 characters"}, "password": {"must have at most 200 bytes"}}},
		"two signs": {accounts.Registration{Name: "Bob", Email: "a@b@c", Password: "long enough"}, accounts.Invalid{"email": {"must have an @ sign and no spaces"}}},
	} {
		_, err := a.Register(t.Context(), tc.in)
		var got accounts.Invalid
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v", name, err)
		} else if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !a.NameTaken("ADA") || a.NameTaken("Bob") {
		t.Error("NameTaken does not know who is there")
	}
}

func TestOneOfManyGetsTheName(t *testing.T) {
	a := start(t)
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for i := range cap(errs) {
		wg.Go(func() {
			_, err := a.Register(t.Context(), accounts.Registration{Name: "Ada", Email: fmt.Sprintf("%d@example.com", i), Password: "long enough"})
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	won := 0
	for err := range errs {
		var bad accounts.Invalid
		switch {
		case err == nil:
			won++
		case !errors.As(err, &bad):
			t.Error(err)
		}
	}
	if _, total := a.List(1, 1); won != 1 || total != 1 {
		t.Errorf("%d got the name, %d users are there, want 1 and 1", won, total)
	}
}

func TestFull(t *testing.T) {
	a := start(t, func(c *accounts.Config) { c.MaxUsers = 1 })
	ada := register(t, a, "Ada")
	if _, err := a.Register(t.Context(), accounts.Registration{Name: "Bob", Email: "b@x", Password: "long enough"}); err != accounts.ErrFull {
		t.Errorf("got %v, want ErrFull", err)
	}
	if _, err := a.Delete(ada.ID); err != nil {
		t.Fatal(err)
	}
	register(t, a, "Ada")
}

func TestPages(t *testing.T) {
	a := start(t)
	for i := range 5 {
		register(t, a, fmt.Sprint("U", i+1))
	}
	for _, tc := range []struct {
		page, size int
		want       string
	}{{1, 2, "U1 U2"}, {2, 2, "U3 U4"}, {3, 2, "U5"}, {4, 2, ""}, {1, 9, "U1 U2 U3 U4 U5"}} {
		users, total := a.List(tc.page, tc.size)
		names := make([]string, 0)
		for _, u := range users {
			names = append(names, u.Name)
		}
		if got := strings.Join(names, " "); got != tc.want || total != 5 {
			t.Errorf("page %d of %d: got %q of %d, want %q of 5", tc.page, tc.size, got, total, tc.want)
		}
	}
}

func TestLogIn(t *testing.T) {
	a := start(t)
	ada := register(t, a, "Ada")
	if u, err := a.LogIn(t.Context(), "ADA@example.com", "long enough"); err != nil || u.ID != ada.ID {
		t.Errorf("got %v (%v)", u, err)
	}
	for _, in := range [][2]string{{"ada@example.com", "wrong"}, {"ada@example.com", ""}, {"bob@example.com", "long enough"}, {"ada@example.com", strings.Repeat("x", 10_000)}} {
		if _, err := a.LogIn(t.Context(), in[0], in[1]); err != accounts.ErrUnauthorized {
			t.Errorf("%s %.10s: got %v, want ErrUnauthorized", in[0], in[1], err)
		}
	}
}

func TestLogInsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t)
		ada := register(t, a, "Ada")
		bearer, browser := a.Open(ada, accounts.BearerAge), a.Open(ada, accounts.BrowserAge)
		known := func(want string, tokens ...accounts.Token) {
			t.Helper()
			got := ""
			for _, tok := range tokens {
				u, err := a.ByToken(tok)
				if err != nil && err != accounts.ErrUnauthorized {
					t.Error(err)
				}
				got += map[bool]string{true: "+", false: "-"}[err == nil && u.ID == ada.ID]
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		known("++-", bearer, browser, "x")
		time.Sleep(accounts.BearerAge)
		known("-+", bearer, browser)
		if err := a.End(browser); err != nil {
			t.Error(err)
		}
		known("-", browser)

		one, two := a.Open(ada, time.Hour), a.Open(ada, time.Hour)
		if _, err := a.Update(t.Context(), ada.ID, accounts.Change{Name: ptr("Ada L.")}, one); err != nil {
			t.Error(err)
		}
		known("++", one, two)
		if _, err := a.Update(t.Context(), ada.ID, accounts.Change{Password: ptr("longer still"), CurrentPassword: "long enough"}, one); err != nil {
			t.Error(err)
		}
		known("+-", one, two)
		if _, err := a.Delete(ada.ID); err != nil {
			t.Error(err)
		}
		known("-", one)
	})
}

func TestUpdate(t *testing.T) {
	a := start(t)
	ada := register(t, a, "Ada")
	register(t, a, "Bob")
	for name, tc := range map[string]struct {
		in   accounts.Change
		want string
	}{
		"a name that is taken":         {accounts.Change{Name: ptr("bob")}, "name has already been taken"},
		"an address without the proof": {accounts.Change{Email: ptr("new@example.com")}, "current_password is not valid"},
		"a password that is short":     {accounts.Change{Password: ptr("x"), CurrentPassword: "long enough"}, "password must have at least 8 characters"},
	} {
		if _, err := a.Update(t.Context(), ada.ID, tc.in, ""); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	u, err := a.Update(t.Context(), ada.ID, accounts.Change{Name: ptr("Lovelace"), Email: ptr("l@example.com"), CurrentPassword: "long enough"}, "")
	if err != nil || u.Name != "Lovelace" || u.Email != "l@example.com" {
		t.Fatalf("got %+v (%v)", u, err)
	}
	register(t, a, "Ada") // name and address are free again
	if _, err := a.LogIn(t.Context(), "l@example.com", "long enough"); err != nil {
		t.Error(err)
	}
	if _, err := a.Update(t.Context(), 99, accounts.Change{}, ""); err != accounts.ErrNotFound {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := a.Delete(99); err != accounts.ErrNotFound {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// picture is red on the left and blue on the right.
func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func runAvatars(t *testing.T) *accounts.Avatars {
	t.Helper()
	a := accounts.NewAvatars()
	supervisetest.Start(t, a)
	return a
}

func TestAvatars(t *testing.T) {
	avatars := runAvatars(t)
	for _, size := range [][2]int{{1000, 300}, {3, 5}, {256, 256}} {
		var upload bytes.Buffer
		if err := png.Encode(&upload, picture(size[0], size[1])); err != nil {
			t.Fatal(err)
		}
		upload.WriteString("<script>alert(1)</script>")
		name, err := avatars.Store(1, &upload)
		if err != nil {
			t.Fatal(err)
		}
		content, err := fs.ReadFile(avatars, name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(content))
		if err != nil || m.Bounds() != image.Rect(0, 0, 256, 256) || bytes.Contains(content, []byte("script")) {
			t.Fatalf("kept %v (%v)", m.Bounds(), err)
		}
		if got := m.At(2, 128); got != (color.NRGBA{R: 255, A: 255}) && got != (color.RGBA{R: 255, A: 255}) {
			t.Errorf("%v: left is %v, want red", size, got)
		}
		if got := m.At(253, 128); got != (color.NRGBA{B: 255, A: 255}) && got != (color.RGBA{B: 255, A: 255}) {
			t.Errorf("%v: right is %v, want blue", size, got)
		}
		if err := errors.Join(avatars.Remove(name), avatars.Remove(name)); err != nil {
			t.Error(err)
		}
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, picture(40, 40), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := avatars.Store(1, bytes.NewReader(photo.Bytes())); err != nil {
		t.Error(err)
	}
	for name, tc := range map[string]struct {
		upload []byte
		want   string
	}{
		"text":     {[]byte("hello"), "PNG, JPEG or GIF"},
		"nothing":  {nil, "PNG, JPEG or GIF"},
		"a page":   {[]byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), "PNG, JPEG or GIF"},
		"cut off":  {photo.Bytes()[:photo.Len()-20], "whole"},
		"too long": {make([]byte, accounts.MaxAvatar+1), "5 MB"},
	} {
		_, err := avatars.Store(1, bytes.NewReader(tc.upload))
		var bad accounts.Invalid
		if !errors.As(err, &bad) || !strings.Contains(bad.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
	if _, err := avatars.Store(1, bytes.NewReader(encoded(t, image.NewGray(image.Rect(0, 0, 8000, 2001))))); err == nil || !strings.Contains(err.Error(), "16 million") {
		t.Errorf("got %v, want a refusal of so many pixels", err)
	}
}

func TestAvatarsRestart(t *testing.T) {
	supervisetest.TestRestart(t, func(t testing.TB) supervisetest.Subject {
		a := accounts.NewAvatars()
		return supervisetest.Subject{Child: supervise.Child{Name: "avatars", Service: a}, Check: func(t testing.TB) {
			if files, err := fs.ReadDir(a, "."); err != nil || len(files) != 0 {
				t.Fatalf("a new life begins with %v (%v)", files, err)
			}
			if _, err := a.Store(1, bytes.NewReader(encoded(t, picture(1, 1)))); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func encoded(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
