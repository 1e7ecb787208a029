package exchange

// Route is the pattern of the route that the request matched. Routers set it, so that plugs in front of them know: the request that they passed on may not
// be the one that the router saw.
var Route = NewKey[*string]("route")
