print("at your service")
