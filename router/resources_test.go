package router_test

import (
	"strings"
	"testing"

	"github.com/bennu-go/bennu/router"
	"github.com/google/go-cmp/cmp"
)

var all = router.Resource{
	Index: say("index"), Edit: say("edit", "id"), New: say("new"), Show: say("show", "id"),
	Create: say("create"), Update: say("update", "id"), Delete: say("delete", "id"),
}

// table lists method, path and name of all routes.
func table(rt *router.Router) string {
	var b strings.Builder
	for _, r := range rt.Routes() {
		b.WriteString(r.Method + " " + r.Path + " " + r.Name + "\n")
	}
	return b.String()
}

func wantTable(t *testing.T, block func(*router.Scope), want string) *router.Router {
	t.Helper()
	rt := router.New(block)
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(table(rt))); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	return rt
}

func TestResourcesOrder(t *testing.T) {
	rt := wantTable(t, func(r *router.Scope) { r.Resources("/users", all) }, `
GET /users Users
GET /users/{id}/edit EditUser
GET /users/new NewUser
GET /users/{id} User
POST /users Users
PATCH /users/{id} User
PUT /users/{id} User
DELETE /users/{id} User`)
	for _, c := range []struct{ method, path, answer string }{
		{"GET", "/users", "200 index"}, {"GET", "/users/7/edit", "200 edit id=7"}, {"GET", "/users/new", "200 new"},
		{"GET", "/users/7", "200 show id=7"}, {"POST", "/users", "200 create"}, {"PATCH", "/users/7", "200 update id=7"},
		{"PUT", "/users/7", "200 update id=7"}, {"DELETE", "/users/7", "200 delete id=7"},
	} {
		want(t, rt, c.method, c.path, c.answer)
	}
	if w := rt.Warnings(); len(w) > 0 {
		t.Errorf("got warnings %v, want none", w)
	}
	if got := rt.Routes()[0].Action; got == "" {
		t.Error("the action has no name")
	}
}

func TestResourcesOnlyWhatIsGiven(t *testing.T) {
	wantTable(t, func(r *router.Scope) {
		r.Resources("/users", router.Resource{Show: say("show"), Delete: say("delete")})
	}, `
GET /users/{id} User
DELETE /users/{id} User`)
	wantMistake(t, "no action is given", func(r *router.Scope) { r.Resources("/users", router.Resource{}) })
}

func TestResourcesSingleton(t *testing.T) {
	one := all
	one.Index, one.Singleton = nil, true
	wantTable(t, func(r *router.Scope) {
		r.Resources("/profile", one, func(r *router.Scope) {
			r.Resources("/keys", router.Resource{Show: say("key")})
		})
	}, `
GET /profile/edit EditProfile
GET /profile/new NewProfile
GET /profile Profile
POST /profile Profile
PATCH /profile Profile
PUT /profile Profile
DELETE /profile Profile
GET /profile/keys/{id} ProfileKey`)
	wantMistake(t, "a singleton has no Index", func(r *router.Scope) {
		r.Resources("/profile", router.Resource{Singleton: true, Index: say("index")})
	})
}

func TestResourcesNested(t *testing.T) {
	rt := wantTable(t, func(r *router.Scope) {
		r.Scope("/api/v1", func(r *router.Scope) {
			r.Name("v1")
			r.Resources("/users", router.Resource{Show: say("user"), Options: router.Options{Values: map[any]any{ctxKey{"a"}: "1"}}},
				func(r *router.Scope) {
					r.Through(pipe("nested"))
					r.Resources("/posts", router.Resource{Index: say("posts", "user_id"), Show: say("post", "user_id", "id")}, func(r *router.Scope) {
						r.Get("/log", say("log", "user_id", "post_id"), router.Options{Name: "log"})
					})
				})
			r.Get("/after", say("after"), router.Options{Name: "after"})
		})
	}, `
GET /api/v1/users/{id} V1User
GET /api/v1/users/{user_id}/posts V1UserPosts
GET /api/v1/users/{user_id}/posts/{id} V1UserPost
GET /api/v1/users/{user_id}/posts/{post_id}/log V1UserPostLog
GET /api/v1/after V1After`)
	wantPassed(t, want(t, rt, "GET", "/api/v1/users/7/posts/8/log", "200 log user_id=7 post_id=8"), "nested")
	wantPassed(t, want(t, rt, "GET", "/api/v1/users/7", "200 user"))
	wantPassed(t, want(t, rt, "GET", "/api/v1/after", "200 after"))
	m, err := rt.RouteInfo("GET", "", "/api/v1/users/7/posts")
	if err != nil || m.Value(ctxKey{"a"}) != "1" {
		t.Errorf("got value %v (%v), want that of the resource around", m.Value(ctxKey{"a"}), err)
	}
	wantMistake(t, "a nested block is nil", func(r *router.Scope) { r.Resources("/users", router.Resource{}, nil) })
}

func TestResourcesParamAndNames(t *testing.T) {
	show, index := say("show", "slug"), say("index")
	wantTable(t, func(r *router.Scope) {
		r.Resources("/posts", router.Resource{Show: show, Param: "slug"}, func(r *router.Scope) {
			r.Get("/raw", say("raw"), router.Options{Name: "raw"})
		})
		r.Resources("/folk", router.Resource{Index: index, Show: show, Plural: "people", Singular: "person"})
		r.Resources("/news", router.Resource{Index: index, Show: show})
		r.Resources("/user-groups", router.Resource{Show: show}, func(r *router.Scope) { r.Resources("/api-keys", router.Resource{Index: index}) })
		r.Resources("/", router.Resource{Index: index, Show: show, Plural: "pages", Singular: "page"})
	}, `
GET /posts/{slug} Post
GET /posts/{post_slug}/raw PostRaw
GET /folk People
GET /folk/{id} Person
GET /news NewsIndex
GET /news/{id} News
GET /user-groups/{id} UserGroup
GET /user-groups/{user_group_id}/api-keys UserGroupAPIKeys
GET / Pages
GET /{id} Page`)
	wantMistake(t, "set Plural and Singular", func(r *router.Scope) { r.Resources("/{x}", router.Resource{Index: index}) })
	wantMistake(t, `Param "ID"`, func(r *router.Scope) { r.Resources("/x", router.Resource{Index: index, Param: "ID"}) })
	wantMistake(t, `name "a b"`, func(r *router.Scope) { r.Resources("/x", router.Resource{Index: index, Plural: "a b"}) })
	wantMistake(t, `Resources("x"): path "x" must begin`, func(r *router.Scope) { r.Resources("x", router.Resource{Index: index}) })
	wantMistake(t, "so nothing can follow it", func(r *router.Scope) { r.Resources("/x/{rest...}", router.Resource{Show: show}) })
}

func TestSingulars(t *testing.T) {
	for plural, want := range map[string]string{
		"users": "User", "categories": "Category", "boxes": "Box", "addresses": "Address", "branches": "Branch", "statuses": "Status",
		"people": "Person", "children": "Child", "movies": "Movie", "houses": "House", "dishes": "Dish", "class": "Class", "s": "S",
	} {
		rt := router.New(func(r *router.Scope) { r.Resources("/"+plural, router.Resource{Show: say("show")}) })
		if got := rt.Routes()[0].Name; got != want {
			t.Errorf("%s: got %s, want %s", plural, got, want)
		}
	}
}

func TestResourceOptions(t *testing.T) {
	rt := router.New(func(r *router.Scope) {
		r.Resources("/users", router.Resource{Index: say("index"), Update: say("update"), Options: router.Options{Action: "Users", Name: "ignored"}})
	})
	var got []string
	for _, r := range rt.Routes() {
		got = append(got, r.Action)
	}
	if diff := cmp.Diff([]string{"Users.Index", "Users.Update", "Users.Update"}, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}
