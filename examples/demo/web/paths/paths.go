// Code generated from the table of routes. DO NOT EDIT.

// Package paths has the paths of the application.
package paths

import "github.com/bennu-go/bennu/router"

// Home returns the path / (GET).
func Home(query ...router.Query) string {
	return "/" + router.QueryString(query...)
}

// HomeURL returns the URL of / at base, such as "https://example.com".
func HomeURL(base string, query ...router.Query) string {
	return router.Base(base, Home(query...))
}

// V1RoomInvitations returns the path /api/v1/rooms/{room}/invitations (POST).
func V1RoomInvitations(room any, query ...router.Query) string {
	return "/api/v1/rooms/" + router.Segment(room) + "/invitations" + router.QueryString(query...)
}

// V1RoomInvitationsURL returns the URL of /api/v1/rooms/{room}/invitations at base, such as "https://example.com".
func V1RoomInvitationsURL(base string, room any, query ...router.Query) string {
	return router.Base(base, V1RoomInvitations(room, query...))
}

// V1Sessions returns the path /api/v1/sessions (POST).
func V1Sessions(query ...router.Query) string {
	return "/api/v1/sessions" + router.QueryString(query...)
}

// V1SessionsURL returns the URL of /api/v1/sessions at base, such as "https://example.com".
func V1SessionsURL(base string, query ...router.Query) string {
	return router.Base(base, V1Sessions(query...))
}
