/// Keys that were made for these tests and serve nothing else.
enum TestKeys {
    static let p256 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1XvOFLTxXHBy8Rmt
        gF8jDsefRCGxZnOEOvJj7RQcDK+hRANCAAR0JunQWXdqfE2gf8ZP4a14ysyFQajb
        lUw5aRVM0k1CMAIrSuaHB/MKUJKwxjnG4+3N+BAvL2MVHf3fQq53aekB
        -----END PRIVATE KEY-----
        """
    static let sec1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEILDLdmXwPrgBDfHs47j5NP7Cz3mGqvRkmHX4Rep2O3a7oAoGCCqGSM49
        AwEHoUQDQgAEWzKSlzzQuvUZSjnqbvE13wE2obMC8LKFNu3E3Eox1ZC62+5HaLTS
        tFI0NycQxL91oq2vCZmK5pZkwsUWjxabEw==
        -----END EC PRIVATE KEY-----
        """
    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIBdRG9f30j4BBn4zJBru8eseMHcWHFZZn0RkAHB0/AWN
        -----END PRIVATE KEY-----
        """
    static let p384 = """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCMQ7+lN8W06u2Nw4A3
        64BlQUMfBFyKp4giUbXtfanmiUG6tIBVbCw0Lcil+AxZ67qhZANiAARXXoQJNdHe
        j2QGo7ajSpCxS3A/8fia9jmg8Ae1yNL+4BDx7uyu6VbOmdvz8ESIYLE/aYwH4K9n
        vIRbaR33vox9TktpZCECxu9IkfL0WfqkN6C9UKBH1mcNXOHtWIkjer4=
        -----END PRIVATE KEY-----
        """
    static let rsa1024 = """
        -----BEGIN PRIVATE KEY-----
        MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBALk+dYNDK1HasYy8
        /wREgo7Zw0R9epDPbskqo+4ppIAmmZ7M9BPZIGfgZudXPXVv16UJsrehHTRqYzRo
        J0OYQzpowJcmO8NpvmzV0uCv8xq+tmsTxxFVKkpkE2aj4C26fTmxP9Whca7P3FXZ
        +sqm3qonSlvp0EJzo2c9x9EBSlztAgMBAAECgYB0h8kO0NNQg72LZl0aRyrGSFDh
        JfpTXFo57DwBl2qnPyEGV7H3RnBvSCgTwbqkxL2oUYh+obiof4B2uEpy6DbpVmQw
        VhKn0wXwDqv6A0w8mvMX8YptJqpMx14XccUU6N+7GiuYkGSL5/jbunXpIp6orVt9
        h0dNlbJrYT3b4Xm59QJBAN/TbYBhI2k8Q9ybQOF89s8pZ21qoBzOUQYVJkbEYRQg
        C/XEqg0Rl0gjYjrkeyGbOKFBRIdeLKRDe0hSXX0EwDMCQQDT30FKx2tqYEYxFYrJ
        GeLXFLrx33C13QSD6/ct22idXl1kG9sPjybrnD2ctHamUWm8mpADHjuOyICEfmE4
        qs5fAkBtnb4jAW+2Oi2B/QbpZ6n4Cu78Rxvi/6fusqzsO4DPumIhGw+tFtBgI/QX
        o44qBzrUvoIxSY3TZLkb0jq233zBAkBXT1Y5uapDQP9L9OOncbpwBcPwLrLkzvqw
        XooS5KrcxulXer8wTz6rs0wUiq2mZkBbj5ovHsNOWMPVVbs8ve6jAkAI4bvw7sB+
        GBrIkbl8msXJKOEv6vt1/HO17cyFY/g8RqomyTswFctbKipt/kLRfV01MMPwAHLw
        xx94Z3Yzjl3G
        -----END PRIVATE KEY-----
        """
    static let rsa2048 = """
        -----BEGIN PRIVATE KEY-----
        MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC+4O2PWI6jXTMq
        8mMBubbR+WI2V9DWP4/N6t8kL3omB9APVN4UA/WtdhEFOgK2uZ/Q4BRV2KsAxBwC
        72fZskF2DUh7Dk30K/GKdOl0wIyEPibwulJLMWzn5ziXcgFMA6x/SAtqQIf63Q2i
        +Utxfa4d7Igm+bFvch9ZzeraTr0Lsjo3df1UA2tThp6G67rocQj649kyN+7yjTJ1
        czgszzLZbN9OflIvZNrf8ZcTpjGvysrpUWJqe0DOAvg7ZFWXlC4jVzvt8Jz+SO16
        Va/Pv6lYj+Ndok4O41hMJQAzloOwtb8lBOF0trtPk/GZU533WBm+kOeELF913CZo
        9OLLkoopAgMBAAECggEAAmTj1eZwc5AZsjI0F7NynZOZLcFQNz+42AZYIiYOTCfQ
        7kBMQMgD7tcKQ5yEqDIP1RjaaHE9Q9cx2r+R9+MKeyaTgCefxq4+a1QoEXTQzl/R
        MTfFDHhkO0xlI1EkvwVUxovqyLxieD0JjL+/uH6xDmMHGiYLmbA+wGuaxH40VM8z
        6c7A9BJEyzZ3DrAcdJkR205z4hA+nszacxSqtwpQgZ7Ugq0ZlqZIb+uLUWoQbGMw
        0PU0eN1dazDAYKjxJhO4L8tw0Xj+r9kLkSDnGm0S8CHqs+7A74TY9ZVRZCNixZ3j
        6aMWI2QO2T8ZMIBmorlYhTm9drCnWoUxf0NfLgKUuQKBgQDqG/NeEjTa7dL+IWK4
        KJkVyb17eUnAbiYYQLIfeWnFrK6g8+v+iyb4CTrIeuI0zSYfB+XthaOlh3di5TsZ
        WZ0lltz7x0Z24gYPzljz9YQpbo6Rq/6MxLg9Ph8rrJsY1fVRHZHuO45jnsMWVHTR
        a5YNnqNaUDEQVDZWLqjoXkOQZwKBgQDQuiJ2g3Na/em7caDyVXsAJ7Xg/MiYs+el
        v+4Bvuj+UvHmrsfPq8GYp2G2AZmu4sNwqVrRDqAVL3IuH49yHU4nOIGIvhScMYWy
        BEnlyzpztCwJfN1pYUg7T1Z//HZ2YHZ0Z67Q0RO2lW0Ptvu4Q4K/9N5jVjP6Disa
        NQsPzA827wKBgHnpNEK4mG2pi0ZrfE0KVy3RcKrr7kwXEB9xEVDymPInioimfS6A
        qDpiFApyc3mrmz5tjn6yKRX6BWGqnawFzp/UgB9dFoSyDxYMDqZ8I+ave+6/8j67
        8nVx9Cl6KQo14RnsnCHDQdL+yfjG4k5sCCfvhIFzYRlvwRwAEFVxQR3hAoGAQFP9
        ZxUgKjzzGifs+ILLw8J5VXvSvu1DSVwbmEIkQK2DjBr1zdUbd1au0I8xtCqDHWe0
        a5XcVGso/3oOlZbejUvm8CPU6kaA89pKhB3cR+iRYeMvwdiPkGflOtCuGdGk8D88
        K3MkZjMrR5qXfbSgyVRIbckVf816DzulyxqS3dUCgYAby0wtMgDPDT5O2CfvSjKG
        Yc4oNA0G4E6Do+wCf3iegs3t4zMlLGTLIe7JZmePcL8QVAvRC3Ky4LQzQ3a2Qs+j
        YtNK3/7ktEvWBrgz+opgWnObOcBS7LSKLlI1CkIzDloDwa1DrxUHIiIMIkbnEBkz
        NMHzKpOISrPGqGKrLblbeA==
        -----END PRIVATE KEY-----
        """
    static let encrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhST6OGwKbWOgICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMm53yUIGbH03UTXXScEl8QEQApI
        mr4wfxUC3x9158vP2qSGUWjzTkF1DmxakHmUln86rbw6fq8JEk/E6HUnGuOMYHZf
        NmXJf/KeQWNCoKKp4d0=
        -----END ENCRYPTED PRIVATE KEY-----
        """
    static let x25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VuBCIEIIAKeLu7mNyC8aIFzV5CsnL83Hgr4BZKP1gVbKlr2Fxd
        -----END PRIVATE KEY-----
        """
}
