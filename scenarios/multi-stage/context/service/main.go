package main

func main() { println("at your service") }
