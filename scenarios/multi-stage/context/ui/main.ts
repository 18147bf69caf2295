export const greeting = "at your service";
