module kind
