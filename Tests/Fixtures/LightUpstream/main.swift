print("light upstream")
