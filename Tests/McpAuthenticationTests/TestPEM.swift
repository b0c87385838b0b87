/// Keys that were made for these tests and serve nothing else.
enum TestPEM {
    static let p256 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpXPLKWtAqBpT+VEE
        e43XmzAF2ry3dF8PelyPDhEgpkChRANCAASqJwecRGz+bAY9avLXd8O1zGmjiOOk
        eb+3qqZRK2rtfUB/oZlktR8Xd6wy7M4rrAtjdV5LHuUPvcZxKFalwsGZ
        -----END PRIVATE KEY-----
        """
    static let rsa = """
        -----BEGIN PRIVATE KEY-----
        MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDHhgPVXg2v9Ftx
        E4S9Ciy9Ucsh1KI7MwJEX2/xZPPidBCAMT8YxBDESgXo99z5WQfJ9mgo8OL3Pt6t
        NzT+P7kkPkFQkwl4XSygKX8GEio/ItqYXYe1y7ZtEhM3NGnMSB3KhVOeIXBD5ttq
        syoTXCwW1u9auYgN3tv0tcBJvpcQQRfl1x54lPaefJuklJHWVvv3fLu9Jsqzm3Fd
        Mkzlvvak2Q8W8lZl3nxdZEpsOGxcuqPR76CVOZAPHiigjmIjeGMbnbVWb3E/YGa9
        l2vTUL+tbsmFBqWRGdrTph7G5D3rGyrYozkgOyGpbbSSIGGjgXsvaHfmCweL9b9r
        qF8IX9WTAgMBAAECggEALk99WUts2t/ZT5wrraMMcl7nSrFrfFkhGBScy4dWkkPF
        RrPnhMyRZbYWvBW37QpMpAR09be/voqRrdvICZFp3C81Aso2IwFhZ8Vp7dNOifwB
        h+cBpmEjtRpCaohYXCmK/KRIncX+JEyTtibix76Xny+BO+ofWbTWEe0TtiouLv+7
        sQIyAzHWjRPo56KlQ+Z/LGA1ERtkesWi3LmIieD596eMe+mkj+xvau0p/sFwGrV6
        BIT2s3ktsxleWIJbOoMOkqON24NRG20F6Yeeq1TyIiuZLsXWt4yIkBWmJsUYQ9EY
        +PTwe4QGP320+V1q4Aq8QQPpaO414hz6GGEmmISz/QKBgQDxrqKPmxwGjOU8LrlX
        iagK1TyyQIJrav2Hi8dlYevxt6ApcENT9tzYRntI53nRkc2evo9vsrzfK0X1vnLf
        7+Wy42f8IEopghCtpiwvsYd+9k4rASA1NHEL49/I+s+iabsq4dHs0fTfUDUxzHin
        RQSooVpTk1+5Z7NT5Ifqeb5yzwKBgQDTV//OWO1CHQK8dW9NedC5xG2rvfL7EgU6
        AyiXmiXwrcAAPf6P96+q8yV5pd/R3US9Nt6EVY9X6rfah/UgDgWZDx5qNHOLD7KK
        Fg4ff2OhFBBQYxUfrw9qRzVLryE8v8OIRdDtyMrLYaUEz7q5bWWEaXLVUfGHaBNl
        L4JI7JVx/QKBgQCwq9yh5d1i3HRmvjE20KZK5P5tv8KXC6sx/vhQIHj+RiGKqUpO
        gtOGNl/BN5VRoagSN3NbT+nJqjSGJCaNlSzwzFQjduc/2JigmC0M4FYQdbVGspf8
        zM0mx/m7Tb2jGG9+NX3kBMdgx51bPgGlJUr2ip0hI0aCnk/1L8Y7naue+QKBgQDO
        oQv2aFVXvVtufHaczgu3hIghUK6esIixpmLqjgioHohI9FPN2EFFJ0Ktg/Knkeli
        AaJeyfRC5bZpj2GmvG7WrcRz2+JXxLovbc7TFs6Gr0IgBi+h8Ztlskc2PvyFE4wN
        0QyrXxR+8nHPmXWbU4zcf+iJDfvSAnxsAp4jxEN81QKBgBLTQ/27Gh/t4CY5xsT2
        tJCssBSmg+3S0QLXVsVk6j5JD2t9UB1U9sEtWZ5AxefLOu8KXMF16dZQuff/Ynx/
        K6T7CeYD3sZLRsqzVDBgFd60HRa/zwM9r6u7hFUEVBwEZwjHPUDSNv2gLu2QhTAt
        N4t1o64xg7LPXlD2tFUu02Zk
        -----END PRIVATE KEY-----
        """
}
