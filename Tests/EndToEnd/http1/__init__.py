"""HTTP/1.1 on the wire: every row of the vectors, whole, cut at every byte and byte by byte.

`strict`  reads what the gateway writes, and refuses whatever is not canonical
`engine`  thousands of connections on one epoll, and a way to know that the gateway has read
`rows`    the rows, their cuts, and the reasons where the gateway differs from a row's author
`requests`, `responses`  the two directions: what is sent, and what must come of it
`worker`  one of the processes that run a share of it all
"""
