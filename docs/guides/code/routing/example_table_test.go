package routing_test

import (
	"os"

	"github.com/bennu-go/bennu/docs/guides/code/routing"
	"github.com/bennu-go/bennu/router"
)

func Example_table() {
	router.Format(os.Stdout, routing.Router().Routes())
	// Output:
	// GET    {tenant}.shop.example/              routing.tenantHome
	//        Home  GET    /                                   routing.home
	//        File  GET    /files/{path...}                    routing.file
	//     Profile  GET    /profile                            routing.showProfile
	//     Profile  PATCH  /profile                            routing.updateProfile
	//     Profile  PUT    /profile                            routing.updateProfile
	//     V1Users  GET    /api/v1/users                       routing.listUsers
	//      V1User  GET    /api/v1/users/{id}                  routing.showUser
	//     V1Users  POST   /api/v1/users                       routing.createUser
	// V1UserPosts  GET    /api/v1/users/{user_id}/posts       routing.listPosts
	//  V1UserPost  GET    /api/v1/users/{user_id}/posts/{id}  routing.showPost
	//      V2User  GET    /api/v2/users/{id}                  routing.showUserV2
	//              *      /vars                               expvar.expvarHandler
}
