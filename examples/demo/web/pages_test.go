package web_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
)

// browser is somebody in front of the pages, whose forms are checked as everybody's.
func (d demo) browser() *conntest.Client {
	c := conntest.New(d.t, d.site)
	c.CheckCSRF()
	c.SetHeader("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	return c
}

var csrfField = regexp.MustCompile(`name="_csrf_token" value="([^"]+)"`)

// submit fills the form of a page in and sends it.
func submit(t *testing.T, c *conntest.Client, page, action string, fields param.Map, files ...conntest.File) *conntest.Response {
	t.Helper()
	field := csrfField.FindStringSubmatch(c.Get(page).WantHTML(http.StatusOK))
	if field == nil {
		t.Fatalf("%s has no CSRF token", page)
	}
	filled := param.Map{"_csrf_token": field[1]}
	for name, value := range fields {
		filled[name] = value
	}
	if len(files) > 0 {
		return c.Post(action, conntest.Multipart(filled, files...))
	}
	return c.Post(action, conntest.Form(filled))
}

func (d demo) registerInBrowser(t *testing.T, name string) *conntest.Client {
	t.Helper()
	c := d.browser()
	submit(t, c, "/register", "/register", param.Map{"user": param.Map{"name": name, "email": strings.ReplaceAll(strings.ToLower(name), " ", "-") + "@example.com", "password": password}}).WantRedirect("/profile")
	return c
}

func TestRegisterLogOutLogIn(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.browser()
		refused := submit(t, c, "/register", "/register", param.Map{"user": param.Map{"name": `<b>"Ada"</b>`, "email": "ada", "password": "short"}})
		refused.WantHTML(http.StatusUnprocessableEntity, "must have an @ sign", "must have at least 8 characters", `value="&lt;b&gt;&#34;Ada&#34;&lt;/b&gt;"`)

		c = d.registerInBrowser(t, "Ada")
		profile := c.Get("/profile")
		profile.WantHTML(http.StatusOK, "Your account is ready, Ada.", "ada@example.com")
		if page := c.Get("/profile").WantHTML(http.StatusOK); strings.Contains(page, "account is ready") {
			t.Error("the flash came twice")
		}
		profile.WantHeader("Cache-Control", "no-store")
		nonce := plug.CSPNonce(c.Get("/").Request)
		if csp := c.Get("/").Header.Get("Content-Security-Policy"); nonce == "" || strings.Contains(csp, nonce) || strings.Contains(csp, "unsafe") {
			t.Errorf("a nonce is used twice, or the policy is loose: %s", csp)
		}
		for _, path := range []string{"/log-in", "/register"} {
			if to := c.Get(path).Header.Get("Location"); to != "/profile" {
				t.Errorf("%s leads who is logged in to %q, want /profile", path, to)
			}
		}
		stolen := c.Cookie("/", "_bennu_session")
		submit(t, c, "/profile", "/log-out", nil).WantRedirect("/log-in")
		c.Get("/log-in").WantHTML(http.StatusOK, "You are logged out.")

		thief := d.browser()
		thief.SetCookie("_bennu_session", stolen)
		if to := thief.Get("/profile").RedirectedTo(http.StatusSeeOther); to != "/log-in" {
			t.Errorf("a cookie of before the log-out leads to %s", to)
		}

		wrong := submit(t, c, "/log-in", "/log-in", param.Map{"user": param.Map{"email": "ada@example.com", "password": "wrong"}})
		wrong.WantHTML(http.StatusUnprocessableEntity, "Invalid email or password.", `value="ada@example.com"`)
		if to := c.Get("/profile/data").RedirectedTo(http.StatusSeeOther); to != "/log-in" {
			t.Errorf("got %s", to)
		}
		planted := c.Cookie("/", "_bennu_session")
		submit(t, c, "/log-in", "/log-in", param.Map{"user": param.Map{"email": "ada@example.com", "password": password}}).WantRedirect("/profile/data") // where it wanted to go
		if c.Cookie("/", "_bennu_session") == planted {
			t.Error("logging in kept the session's cookie")
		}
	})
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.registerInBrowser(t, "Ada")
		for _, path := range []string{"/log-out", "/profile/avatar"} {
			c.Post(path, conntest.Form(param.Map{"_csrf_token": "guess"})).WantError(http.StatusForbidden, plug.ErrInvalidCSRFToken)
		}
		r := c.Request(http.MethodPost, "/log-out", conntest.Form(param.Map{"_csrf_token": csrfField.FindStringSubmatch(c.Get("/profile").Body)[1]}))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		c.Do(r).WantError(http.StatusForbidden, plug.ErrInvalidCSRFToken)
		c.Get("/profile").WantStatus(http.StatusOK)
	})
}

func TestLogOutClosesTheSocketsOfTheBrowser(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.registerInBrowser(t, "Ada")
		page := c.Get("/")
		page.WantHTML(http.StatusOK, `<meta name="user" content="Ada">`)
		socket, err := d.app.TryConnect(nil, channeltest.Options{Session: page.Session().All()})
		if err != nil {
			t.Fatal(err)
		}
		room := socket.Join("room:lobby", nil)
		room.Push("message:new", map[string]string{"body": "hi"}).WantReply("ok", nil)
		room.WantPush("message:new", map[string]any{"user": "Ada"})
		submit(t, c, "/", "/log-out", nil).WantRedirect("/log-in")
		socket.WantDisconnect(1001)
		if _, err := d.app.TryConnect(nil, channeltest.Options{Session: page.Session().All()}); err == nil {
			t.Error("the session of before opened a socket")
		}
	})
}

func pngFile(w, h int) conntest.File {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		panic(err)
	}
	return conntest.File{Field: "avatar", Name: "../../me.png", ContentType: "image/png", Content: b.Bytes()}
}

func TestAvatar(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.registerInBrowser(t, "Ada")
		submit(t, c, "/profile", "/profile/avatar", nil, pngFile(300, 200)).WantRedirect("/profile")
		src := regexp.MustCompile(`src="(/avatars/1-[0-9a-f]{32}\.png)"`).FindStringSubmatch(c.Get("/profile").WantHTML(http.StatusOK, "up to date"))
		if src == nil {
			t.Fatal("the profile shows no picture")
		}
		picture := c.Get(src[1]).WantStatus(http.StatusOK).WantHeader("Content-Type", "image/png").WantHeader("X-Content-Type-Options", "nosniff").
			WantHeader("Cache-Control", "public, max-age=31536000, immutable").WantHeader("Content-Security-Policy", "default-src 'none'; sandbox")
		if m, err := png.Decode(strings.NewReader(picture.Body)); err != nil || m.Bounds().Dx() != 256 {
			t.Errorf("got %v (%v)", m, err)
		}
		c.Get("/avatars/%2e%2e/secret").WantStatus(http.StatusBadRequest)
		page := conntest.File{Field: "avatar", Name: "me.png", ContentType: "image/png", Content: []byte("<script>alert(1)</script>")}
		submit(t, c, "/profile", "/profile/avatar", nil, page).WantHTML(http.StatusUnprocessableEntity, "must be a PNG, JPEG or GIF picture", src[1])
		large := conntest.File{Field: "avatar", Name: "me.png", Content: make([]byte, 5<<20+1)}
		submit(t, c, "/profile", "/profile/avatar", nil, large).WantHTML(http.StatusUnprocessableEntity, "smaller than 5 MB")
		huge := conntest.File{Field: "avatar", Name: "me.png", Content: make([]byte, 6<<20)}
		submit(t, c, "/profile", "/profile/avatar", nil, huge).WantStatus(http.StatusRequestEntityTooLarge)
		submit(t, c, "/profile", "/profile/avatar", nil).WantHTML(http.StatusUnprocessableEntity, "choose a picture first")

		submit(t, c, "/profile", "/profile/avatar", nil, pngFile(10, 300)).WantRedirect("/profile")
		submit(t, c, "/profile", "/profile/avatar", nil, pngFile(40, 40)).WantRedirect("/profile") // the same content as drawn
		ada, _ := d.logIn("ada@example.com")
		var shown struct {
			Data struct {
				Avatar string `json:"avatar"`
			} `json:"data"`
		}
		ada.Get("/api/v1/users/1").DecodeJSON(http.StatusOK, &shown)
		c.Get(shown.Data.Avatar).WantStatus(http.StatusOK)
		ada.Delete("/api/v1/users/1").WantStatus(http.StatusNoContent)
		c.Get(shown.Data.Avatar).WantStatus(http.StatusNotFound)
	})
}

func TestDownload(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.registerInBrowser(t, `A/d"a ü`)
		if _, err := d.deps.Chat.Post("lobby", `A/d"a ü`, "hi"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.deps.Chat.Post("lobby", "Bob", "not mine"); err != nil {
			t.Fatal(err)
		}
		answer := c.Get("/profile/data").WantStatus(http.StatusOK)
		if got := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") || !strings.Contains(got, `filename*=UTF-8''`) || strings.Contains(got, "/") {
			t.Errorf("got Content-Disposition %q", got)
		}
		var got struct {
			User     struct{ Name string }
			Messages map[string][]struct{ Body string }
		}
		if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string][]struct{ Body string }{"lobby": {{"hi"}}}, got.Messages); diff != "" || got.User.Name != `A/d"a ü` {
			t.Errorf("%s (-want +got):\n%s", got.User.Name, diff)
		}
	})
}

func TestErrorPages(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.browser()
		c.Get("/nothing").WantHTML(http.StatusNotFound, "Not Found", "Back to the chat")
		asks(c, "/nothing", "application/json").WantJSON(http.StatusNotFound, map[string]any{"errors": map[string]any{"detail": "Not Found"}})
		c.Delete("/profile").WantHTML(http.StatusMethodNotAllowed, "Method Not Allowed")
	})
}
