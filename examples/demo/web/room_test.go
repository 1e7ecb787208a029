package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/examples/demo/web"
	"github.com/bennu-go/bennu/examples/demo/web/paths"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/supervise/supervisetest"
	"github.com/bennu-go/bennu/token"
)

// demo is the application without a network.
type demo struct {
	t    *testing.T
	deps web.Deps
	site http.Handler
	app  *channeltest.App
}

func start(t *testing.T) demo {
	t.Helper()
	sys := proc.NewSystem(proc.Config{})
	t.Cleanup(sys.Close)
	ps := pubsub.New(pubsub.Config{System: sys, Strict: true})
	online := presence.New[web.Seat](presence.Config{PubSub: ps, Name: "online", Window: presence.NoWindow})
	supervisetest.Start(t, online)
	secrets := token.Secrets{token.GenerateSecret()}
	avatars := accounts.NewAvatars()
	supervisetest.Start(t, avatars)
	d := web.Deps{
		Chat: chat.New(ps), Accounts: accounts.New(accounts.Config{System: sys, PubSub: ps, HashMemory: 16}), Avatars: avatars, Online: online,
		Tokens: token.New(token.Config{Secrets: secrets}), Sessions: session.NewCookieStore(session.Config{Secrets: secrets, EncryptionSalt: "test"}),
		Assets: fstest.MapFS{"app.js": {Data: []byte("// the script")}}, Origins: []string{"https://friend.example"},
	}
	return demo{t, d, plug.Pipeline(plug.Errors(controller.Fallback(web.Answers())), web.Static(d))(web.Router(d)), channeltest.StartWith(t, web.UserSocket(d), channeltest.Config{PubSub: ps})}
}

// post returns the status and the body of an answer of the API.
func (d demo) post(path, bearer, body string) (int, string) {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// signIn returns a token as the page gets it.
func (d demo) signIn(name string) string {
	d.t.Helper()
	status, body := d.post(paths.V1Guests(), "", `{"name":"`+name+`"}`)
	var reply struct{ Data struct{ Token string } }
	if err := json.Unmarshal([]byte(body), &reply); err != nil || status != http.StatusCreated || reply.Data.Token == "" {
		d.t.Fatalf("signing in: %d %s (%v)", status, body, err)
	}
	return reply.Data.Token
}

func (d demo) connect(name string) *channeltest.Client {
	d.t.Helper()
	c, err := d.app.TryConnect(nil, channeltest.Options{AuthToken: d.signIn(name)})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func bubble(t *testing.T, f func(t *testing.T, d demo)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, start(t)) })
}

func TestAMessageReachesEverybodyAndIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada := d.connect("Ada").TryJoin("room:lobby", nil)
		ada.WantReply("ok", map[string]any{"messages": []any{}})
		bob := d.connect("Bob").Join("room:lobby", nil)
		ada.Push("message:new", map[string]string{"body": " hi "}).WantReply("ok", map[string]any{"id": 1})
		want := map[string]any{"id": 1, "user": "Ada", "body": "hi", "at": channeltest.Any}
		ada.WantPush("message:new", want)
		bob.WantPush("message:new", want)
		d.connect("Cy").TryJoin("room:lobby", nil).WantReply("ok", map[string]any{"messages": []any{want}})
		d.connect("Dee").TryJoin("room:help", nil).WantReply("ok", map[string]any{"messages": []any{}})
	})
}

func TestTypingIsToldToTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada := d.connect("Ada").Join("room:lobby", nil)
		bob := d.connect("Bob").Join("room:lobby", nil)
		ada.Push("typing", nil)
		bob.WantPush("typing", map[string]string{"user": "Ada"})
		ada.RefutePush("typing", nil)
	})
}

func TestMessagesThatAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada := d.connect("Ada").Join("room:lobby", nil)
		say := func(body string) *channeltest.Push { return ada.Push("message:new", map[string]string{"body": body}) }
		say(" ").WantReply("error", map[string]string{"reason": "empty"})
		say(strings.Repeat("ü", 2_001)).WantReply("error", map[string]string{"reason": "too_long", "detail": "a message holds at most 2000 characters"})
		say(strings.Repeat("ü", 2_000)).WantReply("ok", nil)
		time.Sleep(time.Second)
		for range 5 {
			say("x").WantReply("ok", nil)
		}
		say("x").WantReply("error", map[string]string{"reason": "rate_limited"})
		time.Sleep(time.Second)
		say("x").WantReply("ok", nil)
	})
}

func TestOnePersonWithTwoDevices(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		first := d.connect("Ada").Join("room:lobby", map[string]string{"device": "a desk"})
		first.WantPush("presence_state", map[string]any{"Ada": map[string]any{"metas": []any{map[string]any{"device": "a desk"}}}})
		second := d.connect("Ada").Join("room:lobby", map[string]string{"device": strings.Repeat("ü", 50)})
		first.WantPush("presence_diff", map[string]any{"joins": map[string]any{"Ada": map[string]any{"metas": []any{map[string]any{"device": strings.Repeat("ü", 40)}}}}})
		second.WantPush("presence_state", map[string]any{"Ada": map[string]any{"metas": []any{channeltest.Any, channeltest.Any}}})
		second.Client().Close()
		first.WantPush("presence_diff", map[string]any{"leaves": map[string]any{"Ada": channeltest.Any}})
	})
}

func TestPrivateRoomsAreByInvitation(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada, bob := d.signIn("Ada"), d.signIn("Bob")
		refused := map[string]string{"reason": "unauthorized"}
		d.connect("Ada").TryJoin("room:private:ops", nil).WantReply("error", refused)
		path := paths.V1RoomInvitations("private:ops")
		for _, step := range []struct {
			bearer, body string
			status       int
			want         string
		}{
			{"", `{"name":"Bob"}`, 401, `{"errors":{"detail":"not logged in"}}`},
			{"wrong", `{"name":"Bob"}`, 401, `{"errors":{"detail":"token not accepted"}}`},
			{ada, `{"name":""}`, 422, `{"errors":{"name":["must have 1 to 32 characters, none of them invisible"]}}`},
			{ada, `{"name":"Cy"}`, 204, ""}, // founds the room
			{bob, `{"name":"Bob"}`, 403, `{"errors":{"detail":"Only guests of the room may invite."}}`},
		} {
			if status, body := d.post(path, step.bearer, step.body); status != step.status || body != step.want {
				t.Errorf("%s: got %d %s, want %d %s", step.body, status, body, step.status, step.want)
			}
		}
		d.connect("Ada").Join("room:private:ops", nil)
		d.connect("Cy").Join("room:private:ops", nil)
		d.connect("Bob").TryJoin("room:private:ops", nil).WantReply("error", refused)
	})
}

func TestConnectWantsAToken(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		for name, try := range map[string]func() (*channeltest.Client, error){
			"none":  func() (*channeltest.Client, error) { return d.app.TryConnect(nil, channeltest.Options{}) },
			"wrong": func() (*channeltest.Client, error) { return d.app.TryConnect(nil, channeltest.Options{AuthToken: "x"}) },
			"old": func() (*channeltest.Client, error) {
				tok := d.signIn("Ada")
				time.Sleep(25 * time.Hour)
				return d.app.TryConnect(nil, channeltest.Options{AuthToken: tok})
			},
		} {
			if _, err := try(); err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("%s: got %v, want 401", name, err)
			}
		}
		// Clients without the option authToken give it as a parameter.
		d.app.Connect(map[string]any{"token": d.signIn("Ada")}).Join("room:lobby", nil)
	})
}

func TestAnswersOfTheAPI(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		for _, tc := range []struct {
			path, body string
			status     int
			want       string
		}{
			{"/api/v1/guests", `{"name":" \t"}`, 422, `{"errors":{"name":["must have 1 to 32 characters, none of them invisible"]}}`},
			{"/api/v1/guests", `{"name":"` + strings.Repeat("x", 33) + `"}`, 422, `{"errors":{"name":["must have 1 to 32 characters, none of them invisible"]}}`},
			{"/api/v1/guests", `{"name":"a\u200bb"}`, 422, `{"errors":{"name":["must have 1 to 32 characters, none of them invisible"]}}`},
			{"/api/v1/guests", `[`, 400, `{"errors":{"detail":"the JSON does not decode"}}`},
			{"/api/v1/guests", `{"name":"` + strings.Repeat("x", 20<<10) + `"}`, 413, `{"errors":{"detail":"the body has more than 16384 bytes"}}`},
			{"/api/v1/nothing", `{}`, 404, `{"errors":{"detail":"Not Found"}}`},
		} {
			status, body := d.post(tc.path, "", tc.body)
			if diff := cmp.Diff(tc.want, body); status != tc.status || diff != "" {
				t.Errorf("%s %.40s: status %d, want %d (-want +got):\n%s", tc.path, tc.body, status, tc.status, diff)
			}
		}
	})
}
