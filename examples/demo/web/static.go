package web

import (
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/plug"
)

const avatars = "/avatars"

func avatarPath(u accounts.User) string { return avatars + "/" + u.Avatar }

// Static serves what the pages load, and the pictures that people have uploaded. The name of a picture changes with its content, so it may be kept for good.
func Static(d Deps) plug.Plug {
	return plug.Pipeline(
		plug.Static(plug.StaticConfig{FS: d.Assets, Headers: map[string]string{"X-Content-Type-Options": "nosniff"}}),
		plug.Static(plug.StaticConfig{FS: d.Avatars, At: avatars, CacheControl: "public, max-age=31536000, immutable", Headers: map[string]string{
			"X-Content-Type-Options":  "nosniff",
			"Content-Security-Policy": "default-src 'none'; sandbox",
		}}),
	)
}
