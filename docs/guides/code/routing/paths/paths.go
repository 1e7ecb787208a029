// Code generated from the table of routes. DO NOT EDIT.

// Package paths has the paths of the application.
package paths

import "github.com/bennu-go/bennu/router"

// File returns the path /files/{path...} (GET).
func File(path any, query ...router.Query) string {
	return "/files/" + router.Glob(path) + router.QueryString(query...)
}

// FileURL returns the URL of /files/{path...} at base, such as "https://example.com".
func FileURL(base string, path any, query ...router.Query) string {
	return router.Base(base, File(path, query...))
}

// Home returns the path / (GET).
func Home(query ...router.Query) string {
	return "/" + router.QueryString(query...)
}

// HomeURL returns the URL of / at base, such as "https://example.com".
func HomeURL(base string, query ...router.Query) string {
	return router.Base(base, Home(query...))
}

// Profile returns the path /profile (GET, PATCH, PUT).
func Profile(query ...router.Query) string {
	return "/profile" + router.QueryString(query...)
}

// ProfileURL returns the URL of /profile at base, such as "https://example.com".
func ProfileURL(base string, query ...router.Query) string {
	return router.Base(base, Profile(query...))
}

// V1User returns the path /api/v1/users/{id} (GET).
func V1User(id any, query ...router.Query) string {
	return "/api/v1/users/" + router.Segment(id) + router.QueryString(query...)
}

// V1UserURL returns the URL of /api/v1/users/{id} at base, such as "https://example.com".
func V1UserURL(base string, id any, query ...router.Query) string {
	return router.Base(base, V1User(id, query...))
}

// V1UserPost returns the path /api/v1/users/{user_id}/posts/{id} (GET).
func V1UserPost(userID, id any, query ...router.Query) string {
	return "/api/v1/users/" + router.Segment(userID) + "/posts/" + router.Segment(id) + router.QueryString(query...)
}

// V1UserPostURL returns the URL of /api/v1/users/{user_id}/posts/{id} at base, such as "https://example.com".
func V1UserPostURL(base string, userID, id any, query ...router.Query) string {
	return router.Base(base, V1UserPost(userID, id, query...))
}

// V1UserPosts returns the path /api/v1/users/{user_id}/posts (GET).
func V1UserPosts(userID any, query ...router.Query) string {
	return "/api/v1/users/" + router.Segment(userID) + "/posts" + router.QueryString(query...)
}

// V1UserPostsURL returns the URL of /api/v1/users/{user_id}/posts at base, such as "https://example.com".
func V1UserPostsURL(base string, userID any, query ...router.Query) string {
	return router.Base(base, V1UserPosts(userID, query...))
}

// V1Users returns the path /api/v1/users (GET, POST).
func V1Users(query ...router.Query) string {
	return "/api/v1/users" + router.QueryString(query...)
}

// V1UsersURL returns the URL of /api/v1/users at base, such as "https://example.com".
func V1UsersURL(base string, query ...router.Query) string {
	return router.Base(base, V1Users(query...))
}

// V2User returns the path /api/v2/users/{id} (GET).
func V2User(id any, query ...router.Query) string {
	return "/api/v2/users/" + router.Segment(id) + router.QueryString(query...)
}

// V2UserURL returns the URL of /api/v2/users/{id} at base, such as "https://example.com".
func V2UserURL(base string, id any, query ...router.Query) string {
	return router.Base(base, V2User(id, query...))
}
