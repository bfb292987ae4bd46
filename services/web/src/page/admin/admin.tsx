import { View } from '../parts/view.tsx'

export function Admin() {
  return <View title="Admin">…</View>
}
