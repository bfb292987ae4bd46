import { View } from '../parts/view.tsx'

export function Operations() {
  return <View title="Operations">…</View>
}
